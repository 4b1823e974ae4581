package contract_test

import (
	"strings"
	"testing"
)

func TestNodeEngineProvidesNodeOrNodeAndNPM(t *testing.T) {
	w := newWorld(t, nil)
	out := w.detect(engine)
	equal(t, "status", out.Code, passed)
	equal(t, "alternatives", len(out.Or), 1)
	equal(t, "first", provided(out.PlanSections), "node")
	equal(t, "second", provided(out.Or[0]), "node npm")
	equal(t, "required", len(out.Requires)+len(out.Or[0].Requires), 0)
}

func TestNodeEngineRequiresWhatTheFilesSay(t *testing.T) {
	for _, tc := range []struct {
		name, want string
		files      contents
		env        []string
	}{
		{"all three, in this order", "node version=22 version-source=.nvmrc\nnode version=24.* version-source=BP_NODE_VERSION\nnode version=20 version-source=.node-version",
			contents{".nvmrc": "v22\n", ".node-version": "v20"}, []string{"BP_NODE_VERSION=24.*"}},
		{"a variable that is not looked at yet", "node version=nonsense version-source=BP_NODE_VERSION", nil, []string{"BP_NODE_VERSION=nonsense"}},
		{"nothing for an empty variable", "", nil, []string{"BP_NODE_VERSION="}},
		{"nothing for package.json", "", contents{"package.json": `{"engines":{"node":"22"}}`}, nil},
		{"white space and upper case", "node version=22.x version-source=.nvmrc", contents{".nvmrc": " V22.X \n"}, nil},
		{"a range", "node version=>=20 <23 version-source=.nvmrc", contents{".nvmrc": ">=20 <23"}, nil},
		{"node", "node version=* version-source=.nvmrc", contents{".nvmrc": "node"}, nil},
		{"lts/*", "node version=24.* version-source=.nvmrc", contents{".nvmrc": "lts/*"}, nil},
		{"lts/-1", "node version=22.* version-source=.nvmrc", contents{".nvmrc": "lts/-1"}, nil},
		{"stable", "node version=24.* version-source=.nvmrc", contents{".nvmrc": "stable"}, nil},
		{"lts", "node version=24.* version-source=.nvmrc", contents{".nvmrc": "lts"}, nil},
		{"current", "node version=26.* version-source=.nvmrc", contents{".nvmrc": "current"}, nil},
		{"latest", "node version=26.* version-source=.nvmrc", contents{".nvmrc": "latest"}, nil},
		{"a comment and further lines", "node version=22 version-source=.nvmrc", contents{".nvmrc": "# why\n22 # because\n24\n"}, nil},
		{"nothing for an empty file", "", contents{".nvmrc": "\n", ".node-version": ""}, nil},
		{"the files of the project's folder", "node version=22 version-source=.nvmrc", contents{".nvmrc": "20", "web/.nvmrc": "22"}, []string{"BP_NODE_PROJECT_PATH=./web/"}},
		{"not a bad .nvmrc that the variable overrides", "node version=22 version-source=BP_NODE_VERSION", contents{".nvmrc": "newest"}, []string{"BP_NODE_VERSION=22"}},
		{"not a bad .nvmrc that engines overrides", "", contents{".nvmrc": "newest", "package.json": `{"engines":{"node":"22"}}`}, nil},
		{"not a bad .node-version that .nvmrc overrides", "node version=22 version-source=.nvmrc", contents{".nvmrc": "22", ".node-version": "lts/jod"}, nil},
		{"the project's files, whatever the package.json above is", "node version=22 version-source=.nvmrc", contents{"package.json": "{", "web/.nvmrc": "22"}, []string{"BP_NODE_PROJECT_PATH=web"}},
		{"other files, after these", "node version=20 version-source=.node-version\nnode version=22.1.0 version-source=package.json volta.node\nnode version=^22 version-source=package.json devEngines.runtime\nnode version=24 version-source=mise.toml\nnode version=22 version-source=.tool-versions",
			contents{".node-version": "20", "package.json": `{"volta":{"node":"22.1.0"},"devEngines":{"runtime":{"name":"node","version":"^22"}}}`, "mise.toml": "[tools]\nnode = \"24\"\n", ".tool-versions": "nodejs 22\n"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, tc.files).small().set(tc.env...)
			out := w.detect(engine)
			equal(t, "status", out.Code, passed)
			equal(t, "first", describeAll(out.Requires), tc.want)
			equal(t, "second", describeAll(out.Or[0].Requires), tc.want)
		})
	}
}

func TestNodeEngineDetectionEndsWith(t *testing.T) {
	for _, tc := range []struct {
		name   string
		files  contents
		env    []string
		status int
		says   string
	}{
		{"100 without the project's folder", nil, []string{"BP_NODE_PROJECT_PATH=web"}, notFor, "BP_NODE_PROJECT_PATH"},
		{"1 for a bad .nvmrc that decides", contents{".nvmrc": "newest"}, nil, failed, `invalid version constraint specified in .nvmrc: "newest"`},
		{"1 for a codename that nobody knows", contents{".nvmrc": "lts/nobody"}, nil, failed, "lts/nobody"},
		{"1 for an alias in .node-version", contents{".node-version": "node"}, nil, failed, ".node-version"},
		{"1 for an LTS alias in .node-version", contents{".node-version": "lts/iron"}, nil, failed, ".node-version"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, tc.files).small().set(tc.env...)
			out := w.detect(engine)
			equal(t, "status", out.Code, tc.status)
			contain(t, "output", string(out.Output), tc.says)
		})
	}
}

// installed is the version of Node.js in the launch layer.
func installed(w *world) string {
	version, _ := w.layersOf(engine)["node"].Metadata["version"].(string)
	return version
}

func TestNodeEngineLayers(t *testing.T) {
	for _, tc := range []struct {
		name  string
		plan  [][]string
		flags string
	}{
		{"for the build", [][]string{{"build"}}, "node-build:build"},
		{"for the launch", [][]string{{"launch"}}, "node:launch"},
		{"for both", [][]string{{"build"}, {"version=24", "version-source=.nvmrc"}, {"launch"}}, "node-build:build node:launch"},
		{"for nobody", [][]string{{"version=24"}}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, nil).small()
			w.built(engine, plan("node", tc.plan...)...)
			equal(t, "layers", w.flags(engine), tc.flags)
		})
	}
}

// noHeap leaves the heap to Node.js, whatever the memory limit of the test's
// own container.
const noHeap = "BPL_NODE_OPTIMIZE_MEMORY=false"

func TestNodeEngineEnvironment(t *testing.T) {
	w := newWorld(t, nil).small()
	out := w.built(engine, requires("node", "build", "launch"))
	equal(t, "processes, labels and legacy bills of materials", len(out.Processes)+len(out.Labels)+len(out.LaunchBOM)+len(out.BuildBOM), 0)
	for _, layer := range []struct{ name, folder string }{{"node", "env.launch"}, {"node-build", "env.build"}} {
		var want []string
		for _, pair := range []string{"NODE_ENV.default=production", "NODE_HOME.default=<layer>", "NODE_OPTIONS.default=--use-openssl-ca", "NODE_VERBOSE.default=false"} {
			want = append(want, layer.folder+"/"+pair)
		}
		equal(t, layer.name, w.variables(engine, layer.name), strings.Join(want, "\n"))
	}
	equal(t, "exec.d", w.files(engine, "node", "exec.d"), "0-node-options")
	equal(t, "NODE_HOME of later buildpacks", w.env.Get("NODE_HOME"), w.dir(engine, "node-build"))
	contain(t, "PATH of later buildpacks", w.env.Get("PATH"), w.dir(engine, "node-build", "bin"))
	launched := w.launched(noHeap)
	for name, want := range map[string]string{"NODE_HOME": w.dir(engine, "node"), "NODE_ENV": "production", "NODE_VERBOSE": "false", "NODE_OPTIONS": "--use-openssl-ca"} {
		equal(t, name, launched.Get(name), want)
	}
	contain(t, "PATH", launched.Get("PATH"), w.dir(engine, "node", "bin"))
	equal(t, "NODE_ENV of the user", w.launched("NODE_ENV=test").Get("NODE_ENV"), "test")
}

func TestNodeEngineKeepsTheBuildsNodeEnvOutOfTheImage(t *testing.T) {
	w := newWorld(t, nil).small().set("NODE_ENV=development")
	w.built(engine, requires("node", "build", "launch"))
	equal(t, "NODE_ENV", w.launched().Get("NODE_ENV"), "production")
}

func TestNodeEngineFitsTheHeap(t *testing.T) {
	w := newWorld(t, nil).small().set("BP_NODE_OPTIMIZE_MEMORY=true")
	w.built(engine, requires("node", "launch"))
	contain(t, "env", w.variables(engine, "node"), "env.launch/OPTIMIZE_MEMORY.default=true")
	for _, tc := range []struct{ name, given, memory, options string }{
		{"bytes", "MEMORY_AVAILABLE=536870912", "512", "--use-openssl-ca --max_old_space_size=384"},
		{"MiB", "MEMORY_AVAILABLE=512", "512", "--use-openssl-ca --max_old_space_size=384"},
	} {
		launched := w.launched(tc.given)
		equal(t, tc.name, launched.Get("MEMORY_AVAILABLE"), tc.memory)
		equal(t, tc.name, launched.Get("NODE_OPTIONS"), tc.options)
	}
	equal(t, "a user's own heap", w.launched("MEMORY_AVAILABLE=512", "NODE_OPTIONS=--max-old-space-size=100").Get("NODE_OPTIONS"), "--max-old-space-size=100 --use-openssl-ca")
}

func TestNodeEngineTakesASwitchOnAnUnchangedNode(t *testing.T) {
	plan := requires("node", "build", "launch")
	w := newWorld(t, nil).small()
	w.built(engine, plan)
	equal(t, "without the switch", w.launched("MEMORY_AVAILABLE=512").Get("NODE_OPTIONS"), "--use-openssl-ca")

	w.restore(nil)
	w.set("BP_NODE_OPTIMIZE_MEMORY=true")
	w.built(engine, plan)
	equal(t, "reused", w.reused(engine, "node"), false)
	contain(t, "with it", w.launched("MEMORY_AVAILABLE=512").Get("NODE_OPTIONS"), "--max_old_space_size=384")

	w.restore(nil)
	w.set("BP_NODE_OPTIMIZE_MEMORY=false")
	w.built(engine, plan)
	equal(t, "reused", w.reused(engine, "node"), false)
	equal(t, "without it again", w.launched("MEMORY_AVAILABLE=512").Get("NODE_OPTIONS"), "--use-openssl-ca")
}

func TestNodeEngineStartsTheInspector(t *testing.T) {
	w := newWorld(t, nil).small()
	w.built(engine, requires("node", "launch"))
	for _, tc := range []struct {
		name, want string
		container  []string
	}{
		{"on", "--use-openssl-ca --inspect", []string{"BPL_DEBUG_ENABLED=true"}},
		{"any boolean", "--use-openssl-ca --inspect", []string{"BPL_DEBUG_ENABLED=1"}},
		{"with a port", "--use-openssl-ca --inspect=127.0.0.1:9000", []string{"BPL_DEBUG_ENABLED=true", "BPL_DEBUG_PORT=9000"}},
		{"with an empty port", "--use-openssl-ca --inspect", []string{"BPL_DEBUG_ENABLED=true", "BPL_DEBUG_PORT="}},
		{"on an address", "--use-openssl-ca --inspect=0.0.0.0:9229", []string{"BPL_DEBUG_ENABLED=true", "BPL_DEBUG_HOST=0.0.0.0"}},
		{"off", "--use-openssl-ca", []string{"BPL_DEBUG_ENABLED=false", "BPL_DEBUG_PORT=9000"}},
		{"a word that is no boolean", "--use-openssl-ca", []string{"BPL_DEBUG_ENABLED=yes"}},
		{"the user's own", "--inspect-brk --use-openssl-ca", []string{"BPL_DEBUG_ENABLED=true", "NODE_OPTIONS=--inspect-brk"}},
	} {
		equal(t, tc.name, w.launched(append(tc.container, noHeap)...).Get("NODE_OPTIONS"), tc.want)
	}
}

func TestNodeEngineReusesItsLayers(t *testing.T) {
	plan := requires("node", "build", "launch")
	w := newWorld(t, nil).small()
	w.built(engine, plan)
	w.restore(nil)
	w.built(engine, plan)
	equal(t, "reused", w.reused(engine, "node"), true)
	equal(t, "layers", w.flags(engine), "node-build:build node:launch")
	contain(t, "bill of materials", w.files(engine), "node.sbom.cdx.json")
	for name, atLaunch := range map[string]bool{"node": true, "node-build": false} {
		metadata := w.layersOf(engine)[name].Metadata
		sum, _ := metadata["dependency-sha"].(string)
		equal(t, name+": dependency-sha is "+sum, strings.HasPrefix(sum, "sha256:") && len(sum) == len("sha256:")+64, true)
		equal(t, name+": build", metadata["build"], any(!atLaunch))
		equal(t, name+": launch", metadata["launch"], any(atLaunch))
	}

	w.restore(nil)
	w.built(engine, requires("node", "build", "launch", "version=22", "version-source=.nvmrc"))
	equal(t, "reused with another version", w.reused(engine, "node"), false)

	w.restore(nil)
	w.built(engine, requires("node", "launch", "version=22", "version-source=.nvmrc"))
	equal(t, "reused for the launch alone", w.reused(engine, "node"), true)
	equal(t, "layers", w.flags(engine), "node:launch")
}

func TestNodeEngineDescribesItsLayers(t *testing.T) {
	bills := "node-build.sbom.cdx.json node-build.sbom.spdx.json node-build.sbom.syft.json node.sbom.cdx.json node.sbom.spdx.json node.sbom.syft.json"
	w := newWorld(t, nil).small()
	out := w.built(engine, requires("node", "build", "launch"))
	equal(t, "files", strings.Join(bom(w, engine), " "), bills)
	equal(t, "seen by the lifecycle", len(out.BOMFiles), 6)

	w = newWorld(t, nil).small().set("BP_DISABLE_SBOM=true")
	w.built(engine, requires("node", "build", "launch"))
	equal(t, "switched off", strings.Join(bom(w, engine), " "), "")
}

// bom returns the names of a buildpack's SBOMs.
func bom(w *world, id string) []string {
	var all []string
	for _, name := range strings.Fields(w.files(id)) {
		if strings.Contains(name, ".sbom.") {
			all = append(all, name)
		}
	}
	return all
}

func TestAMisspeltSettingIsWarnedOf(t *testing.T) {
	w := newWorld(t, scripts(`"start":"node ."`)).small().set("BP_NODE_VERSON=22", "BP_NPM_STRAT_SCRIPT=serve", "BP_JVM_VERSION=21")
	w.built(engine, requires("node", "launch"))
	w.built(start)
	contain(t, "output", w.output.String(), "no buildpack reads BP_NODE_VERSON. Did you mean BP_NODE_VERSION?")
	contain(t, "output", w.output.String(), "no buildpack reads BP_NPM_STRAT_SCRIPT. Did you mean BP_NPM_START_SCRIPT?")
	equal(t, "a setting of another buildpack", strings.Contains(w.output.String(), "BP_JVM_VERSION"), false)
}

func TestNodeEngineSettingsThatCannotBeRead(t *testing.T) {
	for _, pair := range []string{"BP_DISABLE_SBOM=maybe", "BP_NODE_OPTIMIZE_MEMORY=yes", "BP_NODE_VERSION_STRICT=on", "BP_NODE_SOURCE=github", "BP_DEPENDENCY_MIRROR=http://mirror.invalid"} {
		name, _, _ := strings.Cut(pair, "=")
		w := newWorld(t, nil).small("22.1.0").set(pair)
		_, status := w.build(engine, requires("node", "launch", "version=24.2.0"))
		equal(t, pair, status, failed)
		contain(t, pair, w.output.String(), name)
	}
}
