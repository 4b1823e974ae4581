package contract_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/buildpacks/lifecycle/buildpack"
)

// nodeHome is a layer node-build that all tests here share, made by node-engine.
var nodeHome = struct {
	once sync.Once
	dir  string
}{}

func TestMain(m *testing.M) {
	status := m.Run()
	os.RemoveAll(nodeHome.dir)
	os.Exit(status)
}

// withNode lets the build have Node.js and npm, as after node-engine.
func (w *world) withNode() *world {
	w.t.Helper()
	nodeHome.once.Do(func() {
		made := newWorld(w.t, nil)
		var err error
		if made.layers, err = os.MkdirTemp("", "contract-node-"); err != nil {
			w.t.Fatal(err)
		}
		nodeHome.dir = made.layers
		made.built(engine, requires("node", "build"))
	})
	home := filepath.Join(nodeHome.dir, "armature_node-engine/node-build")
	w.env.Set("PATH", filepath.Join(home, "bin")+":"+w.env.Get("PATH"))
	w.env.Set("NODE_HOME", home)
	w.env.Set("NODE_ENV", "production")
	w.set("NPM_CONFIG_FETCH_RETRIES=0", "NPM_CONFIG_REGISTRY=http://127.0.0.1:1/")
	return w
}

// packed is the archive of a package that npm takes as a file.
func packed(t *testing.T, name, manifest string) string {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	files := contents{"package.json": `{"name":"` + name + `","version":"1.0.0"` + manifest + `}`, "index.js": `module.exports = "` + name + `"`}
	for _, path := range names(files) {
		text := files[path]
		if err := archive.WriteHeader(&tar.Header{Name: "package/" + path, Mode: 0o755, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const manifest = `{"name":"app","version":"1.2.3","dependencies":{"word":"file:word.tgz"},"devDependencies":{"tool":"file:tool.tgz"}}`

// unlocked is an app without a lockfile, and locked is it with one.
func unlocked(t *testing.T) contents {
	return contents{
		"package.json": manifest, "app.js": `console.log(require("word"))`,
		"word.tgz": packed(t, "word", ``), "tool.tgz": packed(t, "tool", `,"bin":"index.js"`),
	}
}

var lockOnce struct {
	sync.Once
	files contents
}

func locked(t *testing.T) contents {
	t.Helper()
	lockOnce.Do(func() {
		app := unlocked(t)
		w := newWorld(t, app).withNode()
		npm(w, "install", "--package-lock-only")
		lockOnce.files = app.with(contents{"package-lock.json": read(t, filepath.Join(w.app, "package-lock.json"))})
	})
	return lockOnce.files
}

// modules are those of the app.
var modules = contents{
	"node_modules/word/package.json": `{"name":"word","version":"1.0.0"}`, "node_modules/word/index.js": `module.exports = "word"`,
	"node_modules/tool/package.json": `{"name":"tool","version":"1.0.0"}`,
}

// vendored is an app that brings its modules along.
var vendored = modules.with(contents{
	"app.js":       `console.log(require("word"))`,
	"package.json": `{"name":"app","version":"1.2.3","dependencies":{"word":"^1.0.0"},"devDependencies":{"tool":"^1.0.0"}}`,
})

const vendoredLock = `{"name":"app","version":"1.2.3","lockfileVersion":3,"packages":{
"":{"name":"app","version":"1.2.3","dependencies":{"word":"^1.0.0"},"devDependencies":{"tool":"^1.0.0"}},
"node_modules/word":{"version":"1.0.0"},"node_modules/tool":{"version":"1.0.0","dev":true}}}`

func npm(w *world, args ...string) {
	w.t.Helper()
	cmd := exec.Command(filepath.Join(nodeHome.dir, "armature_node-engine/node-build/bin/npm"), args...)
	cmd.Dir = w.app
	cmd.Env = append(w.env.List(), "NPM_CONFIG_REGISTRY=http://127.0.0.1:1/", "NPM_CONFIG_AUDIT=false", "npm_config_cache="+w.t.TempDir(), "NODE_ENV=development")
	if output, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("npm: %v\n%s", err, output)
	}
}

// node runs a script of the app's.
func (w *world) node(script string) string {
	w.t.Helper()
	cmd := exec.Command(filepath.Join(nodeHome.dir, "armature_node-engine/node-build/bin/node"), script)
	cmd.Dir = w.app
	output, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Errorf("%s: %v\n%s", script, err, output)
	}
	return strings.TrimSpace(string(output))
}

func TestNPMInstallPlan(t *testing.T) {
	none := "build=true launch=false version= version-source="
	for _, tc := range []struct {
		name, manifest, want string
		env                  []string
		files                contents
	}{
		{name: "without engines", manifest: `{}`, want: "node " + none + "\nnpm " + none},
		{name: "with engines", manifest: `{"engines":{"node":">=22 <25","npm":"*"}}`, want: "node build=true launch=false version=>=22 <25 version-source=package.json\nnpm " + none},
		{name: "with a lockfile", manifest: `{}`, files: contents{"package-lock.json": "{}"}, want: "node " + none + "\nnpm " + none},
		{name: "with Python", manifest: `{}`, env: []string{"BP_NPM_INCLUDE_BUILD_PYTHON=true"}, want: "node " + none + "\ncpython " + none + "\nnpm " + none},
		{name: "with Python, set to nothing", manifest: `{}`, env: []string{"BP_NPM_INCLUDE_BUILD_PYTHON="}, want: "node " + none + "\ncpython " + none + "\nnpm " + none},
		{name: "without Python", manifest: `{}`, env: []string{"BP_NPM_INCLUDE_BUILD_PYTHON=false"}, want: "node " + none + "\nnpm " + none},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, contents{"package.json": tc.manifest}.with(tc.files)).set(tc.env...)
			out := w.detect(install)
			equal(t, "status", out.Code, passed)
			equal(t, "alternatives", len(out.Or), 0)
			equal(t, "provides", provided(out.PlanSections), "node_modules")
			equal(t, "requires", describeAll(out.Requires), tc.want)
		})
	}
}

func TestNPMInstallDetectionEndsWith(t *testing.T) {
	for _, tc := range []struct {
		name   string
		files  contents
		env    []string
		status int
		says   string
	}{
		{"100 without package.json", nil, nil, notFor, "package.json"},
		{"100 without one in the project's folder", contents{"package.json": "{}", "web/x": ""}, []string{"BP_NODE_PROJECT_PATH=web"}, notFor, "web"},
		{"0 with one in the project's folder", contents{"web/package.json": "{}"}, []string{"BP_NODE_PROJECT_PATH=web"}, passed, ""},
		{"1 without the project's folder", contents{"package.json": "{}"}, []string{"BP_NODE_PROJECT_PATH=web"}, failed, "could not find project path"},
		{"1 for what is no JSON", contents{"package.json": "{"}, nil, failed, "package.json"},
		{"1 for engines as an array", contents{"package.json": `{"engines":["node >= 22"]}`}, nil, failed, "engines"},
		{"0 for another field that has a wrong shape", contents{"package.json": `{"version":1,"main":["a"],"config":"x","engines":{"node":"24","npm":false}}`}, nil, passed, ""},
		{"0 with a package.json above that nobody could install", contents{"package.json": `{"engines":[]}`, "web/package.json": "{}"}, []string{"BP_NODE_PROJECT_PATH=web"}, passed, ""},
		{"1 for a start script that does not exist", contents{"package.json": `{"scripts":{"start":"node ."}}`}, []string{"BP_NPM_START_SCRIPT=serve"}, failed, "serve"},
		{"1 for a switch that is no boolean", contents{"package.json": "{}"}, []string{"BP_NPM_INCLUDE_BUILD_PYTHON=yes"}, failed, "BP_NPM_INCLUDE_BUILD_PYTHON"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := newWorld(t, tc.files).set(tc.env...).detect(install)
			equal(t, "status", out.Code, tc.status)
			contain(t, "output", string(out.Output), tc.says)
		})
	}
}

func TestTheGroupNeedsAConsumerOfNodeModules(t *testing.T) {
	w := newWorld(t, contents{"package.json": `{"engines":{"node":"24"}}`})
	if found, _, err := w.group(); err == nil {
		t.Errorf("it passes without one: %v", found)
	}
	found, plan, err := w.group(consumer{id: "example/bundler", plan: buildpack.PlanSections{Requires: plan("node_modules", []string{"build"})}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "group", len(found), 3)
	entries := strings.Split(describeAll(plan.Find(buildpack.KindBuildpack, engine).Entries), "\n")
	equal(t, "entries", strings.Replace(sorted(entries), " npm", "\nnpm", 1), "node build=true launch=false version=24 version-source=package.json\nnpm build=true launch=false version= version-source=")
}

func TestNPMInstallChoosesTheProcess(t *testing.T) {
	cache := contents{"npm-cache/_cacache/tmp/x": "", "npm-cache/x": "x"}
	for _, tc := range []struct {
		name, want string
		app        contents
	}{
		{"nothing", "npm install", unlocked(t)},
		{"a cache", "npm install", unlocked(t).with(cache)},
		{"modules", "npm rebuild", vendored},
		{"modules and a cache", "npm rebuild", vendored.with(cache)},
		{"a lockfile and modules", "npm rebuild", vendored.with(contents{"package-lock.json": vendoredLock})},
		{"a lockfile", "npm ci", locked(t)},
		{"a lockfile and a cache", "npm ci", locked(t).with(cache)},
		{"all three", "npm ci", locked(t).with(modules).with(cache)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, tc.app).withNode()
			w.built(install, requires("node_modules", "launch"))
			contain(t, "output", w.output.String(), "Selected NPM build process: '"+tc.want+"'")
			equal(t, "the app", w.node("app.js"), "word")
		})
	}
}

func TestNPMInstallForTheLaunch(t *testing.T) {
	w := newWorld(t, locked(t)).withNode()
	out := w.built(install, requires("node_modules", "launch"))
	equal(t, "layers", w.flags(install), "launch-modules:launch npm-cache:cache")
	equal(t, "modules", visible(w.files(install, "launch-modules", "node_modules")), "word")
	equal(t, "env", w.variables(install, "launch-modules"), strings.Join([]string{
		"env.launch/NODE_PROJECT_PATH.default=" + w.app, "env.launch/NPM_CONFIG_LOGLEVEL.default=error",
		"env.launch/PATH.append=<layer>/node_modules/.bin", "env.launch/PATH.delim=:",
	}, "\n"))
	equal(t, "helpers", w.files(install, "launch-modules", "exec.d"), "")
	target, err := os.Readlink(filepath.Join(w.app, "node_modules"))
	if err != nil || target != w.dir(install, "launch-modules", "node_modules") {
		t.Errorf("node_modules leads to %q, %v", target, err)
	}
	equal(t, "the app", w.node("app.js"), "word")
	equal(t, "bills of materials", strings.Join(bom(w, install), " "), "launch-modules.sbom.cdx.json launch-modules.sbom.spdx.json launch-modules.sbom.syft.json")
	equal(t, "processes and labels", len(out.Processes)+len(out.Labels), 0)
	if key, _ := w.layersOf(install)["launch-modules"].Metadata["cache_sha"].(string); key == "" {
		t.Error("the layer's metadata has no cache_sha")
	}
}

// visible leaves hidden names out.
func visible(names string) string {
	var all []string
	for _, name := range strings.Fields(names) {
		if !strings.HasPrefix(name, ".") {
			all = append(all, name)
		}
	}
	return strings.Join(all, " ")
}

func TestNPMInstallForTheBuild(t *testing.T) {
	w := newWorld(t, locked(t)).withNode()
	w.bind("config", "npmrc", contents{".npmrc": "color=false\n"})
	w.built(install, requires("node_modules", "build"))
	equal(t, "layers", w.flags(install), "build-modules:build,cache npm-cache:cache")
	equal(t, "modules", visible(w.files(install, "build-modules", "node_modules")), "tool word")
	equal(t, "env", w.variables(install, "build-modules"), strings.Join([]string{
		"env.build/NPM_CONFIG_GLOBALCONFIG.default=" + w.platform + "/bindings/config/.npmrc", "env.build/NPM_CONFIG_INCLUDE.default=dev",
		"env.build/PATH.append=<layer>/node_modules/.bin", "env.build/PATH.delim=:",
	}, "\n"))
	equal(t, "NPM_CONFIG_GLOBALCONFIG of later buildpacks", w.env.Get("NPM_CONFIG_GLOBALCONFIG"), w.platform+"/bindings/config/.npmrc")
	equal(t, "NODE_ENV of later buildpacks", w.env.Get("NODE_ENV"), "production")
	equal(t, "NPM_CONFIG_INCLUDE of later buildpacks", w.env.Get("NPM_CONFIG_INCLUDE"), "dev")
	contain(t, "PATH of later buildpacks", w.env.Get("PATH"), ":"+w.dir(install, "build-modules", "node_modules", ".bin"))
	equal(t, "bills of materials", strings.Join(bom(w, install), " "), "build-modules.sbom.cdx.json build-modules.sbom.spdx.json build-modules.sbom.syft.json")
}

func TestNPMInstallForTheBuildAndTheLaunch(t *testing.T) {
	for name, entries := range map[string][][]string{"one entry": {{"build", "launch"}}, "an entry for each": {{"build"}, {}, {"launch"}}} {
		w := newWorld(t, locked(t)).withNode()
		w.built(install, plan("node_modules", entries...)...)
		equal(t, name, w.flags(install), "build-modules:build,cache launch-modules:launch npm-cache:cache")
		equal(t, "modules for the build", visible(w.files(install, "build-modules", "node_modules")), "tool word")
		equal(t, "modules for the launch", visible(w.files(install, "launch-modules", "node_modules")), "word")
		target, err := os.Readlink(filepath.Join(w.app, "node_modules"))
		if err != nil || target != w.dir(install, "build-modules", "node_modules") {
			t.Errorf("during the build node_modules leads to %q, %v", target, err)
		}
	}
}

func TestNPMInstallForNobody(t *testing.T) {
	w := newWorld(t, locked(t)).withNode()
	w.built(install, requires("node_modules"))
	equal(t, "modules", strings.Contains(w.flags(install), "modules"), false)
}

func TestNPMInstallReusesItsLayers(t *testing.T) {
	app := locked(t)
	plan := requires("node_modules", "build", "launch")
	w := newWorld(t, app).withNode()
	w.built(install, plan)
	w.restore(app.with(contents{"app.js": `console.log("changed")`}))
	w.withNode().built(install, plan)
	equal(t, "launch layer reused", w.reused(install, "launch-modules"), true)
	equal(t, "layers", w.flags(install), "build-modules:build,cache launch-modules:launch npm-cache:cache")
	equal(t, "modules for the build", visible(w.files(install, "build-modules", "node_modules")), "tool word")
	equal(t, "bills of materials", len(bom(w, install)), 6)
	if strings.Contains(w.output.String(), "Running 'npm") {
		t.Errorf("npm has installed something:\n%s", w.output.String())
	}

	w.restore(app.with(contents{"package.json": strings.Replace(manifest, "1.2.3", "1.2.4", 1)}))
	w.withNode().built(install, plan)
	equal(t, "launch layer reused after a change of package.json", w.reused(install, "launch-modules"), false)
}

func TestNPMInstallWithoutALockfileInstallsEveryTime(t *testing.T) {
	app := unlocked(t)
	w := newWorld(t, app).withNode()
	w.built(install, requires("node_modules", "launch"))
	equal(t, "cache_sha", w.layersOf(install)["launch-modules"].Metadata["cache_sha"], any(""))
	w.restore(app)
	w.withNode().built(install, requires("node_modules", "launch"))
	equal(t, "reused", w.reused(install, "launch-modules"), false)
}

func TestNPMInstallRebuildsVendoredModules(t *testing.T) {
	app := vendored.with(contents{"package.json": strings.Replace(vendored["package.json"], `"name"`, `"scripts":{"preinstall":"echo pre >>order","postinstall":"echo post >>order"},"name"`, 1)})
	w := newWorld(t, app).withNode()
	w.built(install, requires("node_modules", "launch"))
	contain(t, "output", w.output.String(), "npm list")
	contain(t, "output", w.output.String(), "npm rebuild")
	order := read(t, filepath.Join(w.app, "order")) // npm rebuild runs both once more
	equal(t, "scripts: "+order, strings.HasPrefix(order, "pre\n") && strings.HasSuffix(order, "post\n"), true)
	equal(t, "the app", w.node("app.js"), "word")

	delete(app, "node_modules/word/package.json")
	delete(app, "node_modules/word/index.js")
	w = newWorld(t, app).withNode()
	_, status := w.build(install, requires("node_modules", "launch"))
	equal(t, "status with modules that are missing", status, failed)
	contain(t, "output", w.output.String(), "vendored node_modules have unmet dependencies: npm list failed")
}

func TestNPMInstallTakesTheToolsCacheOut(t *testing.T) {
	app := vendored.with(contents{"node_modules/.cache/tool/x": "x"})
	for value, want := range map[string]bool{"": false, "false": false, "true": true, "1": true} {
		w := newWorld(t, app).withNode().set("BP_KEEP_NODE_BUILD_CACHE=" + value)
		w.built(install, requires("node_modules", "launch"))
		_, err := os.Lstat(w.dir(install, "launch-modules", "node_modules", ".cache"))
		equal(t, "kept with "+value, err == nil, want)
	}
}

func TestNPMInstallMovesTheAppsCacheIntoItsLayer(t *testing.T) {
	app := locked(t).with(contents{"npm-cache/x": "x"})
	w := newWorld(t, app).withNode()
	w.built(install, requires("node_modules", "launch"))
	equal(t, "layer", read(t, w.dir(install, "npm-cache", "x")), "x")
	if _, err := os.Lstat(filepath.Join(w.app, "npm-cache")); !os.IsNotExist(err) {
		t.Errorf("it is still in the app: %v", err)
	}
	if sum, _ := w.layersOf(install)["npm-cache"].Metadata["cache_sha"].(string); sum == "" {
		t.Error("the layer's metadata has no cache_sha")
	}
	for _, text := range []string{"x", "y"} {
		app = app.with(contents{"npm-cache/x": text})
		w.restore(app)
		w.withNode().built(install, requires("node_modules", "launch"))
		equal(t, "layer after another build", read(t, w.dir(install, "npm-cache", "x")), text)
	}
}

func TestNPMInstallReadsTheNpmrc(t *testing.T) {
	where := func(w *world) string {
		w.withNode().built(install, requires("node_modules", "build"))
		return strings.TrimPrefix(w.env.Get("NPM_CONFIG_GLOBALCONFIG"), w.platform)
	}
	w := newWorld(t, locked(t))
	equal(t, "none", where(w), "")

	w = newWorld(t, locked(t))
	w.bind("config", "npmrc", contents{".npmrc": ""})
	equal(t, "of the platform", where(w), "/bindings/config/.npmrc")

	w = newWorld(t, locked(t))
	w.bind("config", "npmrc", contents{".npmrc": ""})
	place(t, w.platform, contents{"elsewhere/own/type": "npmrc", "elsewhere/own/.npmrc": ""})
	w.set("SERVICE_BINDING_ROOT=" + w.platform + "/elsewhere")
	equal(t, "of SERVICE_BINDING_ROOT", where(w), "/elsewhere/own/.npmrc")

	w = newWorld(t, locked(t))
	place(t, w.platform, contents{"elsewhere/old/metadata/kind": "npmrc", "elsewhere/old/metadata/provider": "x", "elsewhere/old/secret/.npmrc": ""})
	w.set("CNB_BINDINGS=" + w.platform + "/elsewhere")
	equal(t, "of CNB_BINDINGS, in the form that it had", where(w), "/elsewhere/old/secret/.npmrc")

	w = newWorld(t, locked(t))
	w.set(`VCAP_SERVICES={"x":[{"name":"vcap","label":"npmrc","credentials":{".npmrc":"color=false\n"}}]}`)
	path := where(w)
	equal(t, "of VCAP_SERVICES", read(t, path), "color=false\n")
	equal(t, "in a file of its own", filepath.Base(path), ".npmrc")

	w = newWorld(t, locked(t))
	w.bind("one", "npmrc", contents{".npmrc": ""})
	w.bind("two", "npmrc", contents{".npmrc": ""})
	place(t, w.platform, contents{"own": ""})
	w.set("NPM_CONFIG_GLOBALCONFIG=" + w.platform + "/own")
	equal(t, "of the variable, whatever the bindings are", where(w), "/own")
}

func TestNPMInstallBuildErrorsEndWith1(t *testing.T) {
	for _, tc := range []struct {
		name, says string
		prepare    func(w *world)
	}{
		{"two npmrc bindings", "npmrc", func(w *world) {
			w.bind("one", "npmrc", contents{".npmrc": ""})
			w.bind("two", "npmrc", contents{".npmrc": ""})
		}},
		{"an npmrc binding without .npmrc", ".npmrc", func(w *world) { w.bind("one", "npmrc", contents{"npmrc": ""}) }},
		{"a binding without a type", "service-binding-invalid", func(w *world) { place(w.t, w.platform, contents{"bindings/nameless/x": ""}) }},
		{"a folder that a dependency names", "linked-folder-missing", func(w *world) {
			place(w.t, w.app, contents{"package.json": `{"dependencies":{"x":"file:x"}}`})
			os.Remove(filepath.Join(w.app, "package-lock.json"))
		}},
		{"BP_DISABLE_SBOM that is no boolean", "BP_DISABLE_SBOM", func(w *world) { w.set("BP_DISABLE_SBOM=maybe") }},
		{"BP_KEEP_NODE_BUILD_CACHE that is no boolean", "BP_KEEP_NODE_BUILD_CACHE", func(w *world) { w.set("BP_KEEP_NODE_BUILD_CACHE=maybe") }},
		{"a lockfile that is no JSON", "package-lock.json", func(w *world) { place(w.t, w.app, contents{"package-lock.json": "{"}) }},
		{"a lockfile that does not fit", "lock", func(w *world) {
			place(w.t, w.app, contents{"package.json": strings.Replace(manifest, `"word"`, `"other":"file:tool.tgz","word"`, 1)})
		}},
		{"a script that fails", "exit 3", func(w *world) {
			place(w.t, w.app, contents{"package.json": strings.Replace(manifest, `"name"`, `"scripts":{"preinstall":"exit 3"},"name"`, 1)})
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, locked(t)).withNode()
			tc.prepare(w)
			_, status := w.build(install, requires("node_modules", "launch"))
			equal(t, "status", status, failed)
			contain(t, "output", w.output.String(), tc.says)
		})
	}
}

func TestNPMInstallCanLeaveTheBillOfMaterialsOut(t *testing.T) {
	w := newWorld(t, locked(t)).withNode().set("BP_DISABLE_SBOM=true")
	w.built(install, requires("node_modules", "build", "launch"))
	equal(t, "bills of materials", len(bom(w, install)), 0)
}

func TestNPMInstallWorksInTheProjectsFolder(t *testing.T) {
	app := contents{}
	for name, text := range locked(t) {
		app["web/app/"+name] = text
	}
	w := newWorld(t, app).withNode().set("BP_NODE_PROJECT_PATH=web/app/")
	w.built(install, requires("node_modules", "launch"))
	equal(t, "NODE_PROJECT_PATH", w.launched().Get("NODE_PROJECT_PATH"), filepath.Join(w.app, "web/app"))
	equal(t, "the app", w.node("web/app/app.js"), "word")
	if _, err := os.Lstat(filepath.Join(w.app, "node_modules")); !os.IsNotExist(err) {
		t.Errorf("there is one in the app's root: %v", err)
	}
}

func TestNPMInstallLeavesTheUsersSettingsOfNPMToThem(t *testing.T) {
	w := newWorld(t, locked(t)).withNode().set("NPM_CONFIG_LOGLEVEL=warn")
	w.built(install, requires("node_modules", "launch"))
	equal(t, "NPM_CONFIG_LOGLEVEL", w.launched().Get("NPM_CONFIG_LOGLEVEL"), "warn")
	equal(t, "NPM_CONFIG_LOGLEVEL of the container", w.launched("NPM_CONFIG_LOGLEVEL=silly").Get("NPM_CONFIG_LOGLEVEL"), "silly")
}
