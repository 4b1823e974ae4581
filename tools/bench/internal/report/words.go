package report

// subject is a scenario's title in the document.
type subject struct{ scenario, title string }

// subjects are the scenarios in the document's order.
var subjects = []subject{
	{"cold", "Cold build of the Express app"},
	{"first", "First build on a machine, of the Express app"},
	{"rebuild", "Rebuild, nothing changed"},
	{"rebuild-source", "Rebuild, one source line changed"},
	{"rebuild-dependency", "Rebuild, one dependency changed"},
	{"both", "Cold build for both architectures"},
	{"frontend", "Cold build of a TypeScript and Vite app"},
	{"compiled", "Cold build of an app with bcrypt, compiled"},
	{"large", "Cold build of a large app"},
	{"large-source", "Rebuild of the large app, one source line changed"},
	{"install", "Install of the Express app's packages alone"},
	{"install-large", "Install of the large app's packages alone"},
	{"pnpm", "Cold build of the Express app with pnpm"},
	{"pnpm-dependency", "Rebuild with pnpm, one dependency changed"},
	{"yarn1", "Cold build of the Express app with Yarn 1"},
	{"yarn1-dependency", "Rebuild with Yarn 1, one dependency changed"},
	{"yarn4", "Cold build of the Express app with Yarn 4"},
	{"yarn4-dependency", "Rebuild with Yarn 4, one dependency changed"},
	{"bun", "Cold build of the Express app with Bun"},
	{"bun-dependency", "Rebuild with Bun, one dependency changed"},
	{"pushed-first", "Pushed, first build"},
	{"pushed-unchanged", "Pushed, nothing changed"},
	{"pushed-source", "Pushed, one source line changed"},
	{"pushed-dependency", "Pushed, one dependency changed"},
	{"size", "Image of the Express app, compressed"},
	{"size-above-base", "The same, without the run image"},
	{"size-uncompressed", "The same, uncompressed, with the run image"},
	{"start", "Start of the image to its first answer"},
	{"memory", "Memory of a cold build"},
}

// waysNames are the ways' names in the document.
var waysNames = map[string]string{
	"cross":             "armature, other architecture",
	"native":            "armature, host's architecture",
	"emulated":          "armature, other, emulated",
	"dockerfile":        "Dockerfile, other, emulated",
	"dockerfile-native": "Dockerfile, host's",
	"floor":             "floor",
	"small":             "armature, other, compressed small",
	"tiny":              "armature, other, tiny run image",
	"small-tiny":        "armature, other, tiny, compressed small",
	"single":            "armature, other architecture only",
	"node":              "Node.js alone, same image",
	"installer":         "installer, of npm's lockfile",
	"npm":               "npm ci",
	"pnpm":              "pnpm",
	"bun":               "bun",
}

func subjectTitle(scenario string) string {
	for _, s := range subjects {
		if s.scenario == scenario {
			return s.title
		}
	}
	return scenario
}
