package contract_test

import (
	"testing"

	"github.com/buildpacks/lifecycle/buildpack"
)

func TestNodeEngineKnowsTheCodenameOfEveryLTSLine(t *testing.T) {
	w := newWorld(t, nil)
	for name, want := range map[string]string{
		"argon": "4.*", "boron": "6.*", "carbon": "8.*", "dubnium": "10.*", "erbium": "12.*", "fermium": "14.*",
		"gallium": "16.*", "hydrogen": "18.*", "iron": "20.*", "jod": "22.*", "Krypton": "24.*",
	} {
		place(t, w.app, contents{".nvmrc": "lts/" + name})
		out := w.detect(engine)
		equal(t, name, describeAll(out.Requires), "node version="+want+" version-source=.nvmrc")
	}
}

func TestNodeEngineChoosesTheVersion(t *testing.T) {
	for request, want := range map[string]string{
		"": "24.2.0", "default": "24.2.0", "*": "24.2.0", "node": "24.2.0", ">=18": "24.2.0", "x": "24.2.0",
		"22": "22.3.0", "22.x": "22.3.0", "22.X": "22.3.0", "22.1.x": "22.1.0", "22.1.*": "22.1.0", "v22.1.0": "22.1.0", "=22.1.0": "22.1.0", "22.1": "22.1.0",
		"^24.1.0": "24.2.0", "~24.1.0": "24.1.5", "~24.1": "24.1.5", "~24": "24.2.0",
		"~> 24.1.0": "24.1.5", "~>24.1": "24.2.0", "~> 24": "24.2.0",
		">=22 <24": "22.3.0", ">=22,<24": "22.3.0", ">= 22.0.0 < 24.0.0": "22.3.0", ">22.1.0 <=22.3.0": "22.3.0", "<24": "22.3.0", "<=24.1.0": "24.1.0",
		"18 || 22": "22.3.0", "^18 || ^22 || >=26": "22.3.0", "20||>=22.1": "24.2.0", "22 - 24.1": "24.1.5", "22.0.0 - 22.2.0": "22.1.0",
		"26": "26.1.0", ">=25": "26.1.0", "20.5.0": "20.5.0", "20": "20.5.0", "20.x": "20.5.0", ">=19 <21": "20.5.0", "lts/iron": "20.5.0",
		">=26 ||": "24.2.0", "==22": "22.3.0", "> =26": "26.1.0", "22 - 24.1 || 20.x": "24.1.5",
		"lts/*": "24.2.0", "lts": "24.2.0", "LTS/Jod": "22.3.0", "lts/-1": "22.3.0", "stable": "24.2.0", "current": "26.1.0", "latest": "26.1.0",
	} {
		t.Run(request, func(t *testing.T) {
			w := newWorld(t, nil).small()
			w.built(engine, requires("node", "launch", "version="+request, "version-source=BP_NODE_VERSION"))
			equal(t, "installed", installed(w), want)
		})
	}
}

func TestNodeEngineGoesBySourceNotByOrder(t *testing.T) {
	// From the lowest priority to the highest, which is their order in the plan.
	var entries []buildpack.Require
	for _, tc := range []struct{ source, version, want string }{
		{"", "", "24.2.0"}, {"somebody", "26", "26.1.0"}, {".node-version", "24.1.5", "24.1.5"}, {".nvmrc", "24.1.0", "24.1.0"},
		{"package.json", "22.3", "22.3.0"}, {"BP_NODE_VERSION", "22.1", "22.1.0"},
	} {
		entries = append(entries, requires("node", "launch", "version="+tc.version, "version-source="+tc.source))
		w := newWorld(t, nil).small()
		w.built(engine, entries...)
		equal(t, "with "+tc.source, installed(w), tc.want)
	}
	w := newWorld(t, nil).small()
	w.built(engine, requires("node", "launch", "version=", "version-source=package.json"), requires("node", "launch", "version=22"))
	equal(t, "without a source, beside an empty request", installed(w), "22.3.0")
}

func TestNodeEngineVersionErrorsEndWith1(t *testing.T) {
	for _, tc := range []struct{ name, request, says string }{
		{"no such line", "99", "24.2.0"},
		{"no version at all", "nonsense", "nonsense"},
		{"an operator that npm does not have", "!=24.2.0", "[node-version-invalid]"},
		{"a line past its end of life", "20", "20.5.0"},
		{"an exact version that is gone, when that is strict", "24.1.9", "24.1.5"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, nil).small().set("BP_NODE_VERSION_STRICT=true")
			_, status := w.build(engine, requires("node", "launch", "version="+tc.request, "version-source=package.json"))
			equal(t, "status", status, failed)
			contain(t, "output", w.output.String(), tc.says)
			equal(t, "layers", w.files(engine), "")
		})
	}
}

func TestNodeEngineTakesTheNearestOfAVersionThatIsGone(t *testing.T) {
	for _, tc := range []struct {
		name, request, want string
		baked               []string
	}{
		{name: "in the same minor line", request: "24.1.9", want: "24.1.5"},
		{name: "above it", request: "24.0.3", want: "24.1.0"},
		{name: "in the buildpack, when archives are there", request: "24.2.9", want: "24.1.0", baked: []string{"24.1.0"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, nil).small(tc.baked...)
			w.built(engine, requires("node", "launch", "version="+tc.request, "version-source=.nvmrc"))
			equal(t, "installed", installed(w), tc.want)
			contain(t, "output", w.output.String(), "WARNING: .nvmrc asks for Node.js "+tc.request)
		})
	}
}
