package contract_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/buildpacks/lifecycle/buildpack"
)

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
	equal(t, "layers", w.flags(install), "launch-modules:launch")
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

// visible omits hidden names.
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
	equal(t, "layers", w.flags(install), "build-modules:build,cache")
	equal(t, "modules", visible(w.files(install, "build-modules", "node_modules")), "tool word")
	equal(t, "env", w.variables(install, "build-modules"), strings.Join([]string{
		"env.build/ARMATURE_BUILD_INCLUDES_DEV.override=true", "env.build/NPM_CONFIG_GLOBALCONFIG.default=" + w.platform + "/bindings/config/.npmrc", "env.build/NPM_CONFIG_INCLUDE.default=dev",
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
		equal(t, name, w.flags(install), "build-modules:build,cache launch-modules:launch")
		equal(t, "modules for the build", visible(w.files(install, "build-modules", "node_modules")), "tool word")
		equal(t, "modules for the launch", visible(w.files(install, "launch-modules", "node_modules")), "word")
		target, err := os.Readlink(filepath.Join(w.app, "node_modules"))
		if err != nil || target != w.dir(install, "build-modules", "node_modules") {
			t.Errorf("during the build node_modules leads to %q, %v", target, err)
		}
	}
}

// npm has a cache even of archives in the app.
func TestNPMInstallKeepsNPMsCache(t *testing.T) {
	w := newWorld(t, locked(t)).set("BP_NODE_INSTALLER=npm").withNode()
	w.built(install, requires("node_modules", "launch"))
	equal(t, "layers", w.flags(install), "launch-modules:launch npm-cache:cache")
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
	equal(t, "layers", w.flags(install), "build-modules:build,cache launch-modules:launch")
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
