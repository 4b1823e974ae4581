package contract_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
