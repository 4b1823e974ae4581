package modules

import (
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
)

// Scripts that may write anywhere in the app must run in every build.
func TestALayerIsReusedOnlyWhereNothingElseIsWritten(t *testing.T) {
	for _, tc := range []struct {
		name, why string
		change    func(t *testing.T, k *keyed)
	}{
		{name: "nothing special"},
		{name: "versions that are chosen anew", why: "-", change: func(_ *testing.T, k *keyed) { k.method.Kind = Resolved }},
		{name: "an install script", why: "package.json has the script postinstall", change: func(t *testing.T, k *keyed) {
			k.write(t, "package.json", `{"scripts":{"postinstall":"make","test":"x"}}`)
		}},
		{name: "several", why: "package.json has the script install, preinstall, which", change: func(t *testing.T, k *keyed) {
			k.write(t, "package.json", `{"scripts":{"preinstall":"huskyx","install":" a "}}`)
		}},
		{name: "a script that prepares, for the launch", change: func(t *testing.T, k *keyed) {
			k.write(t, "package.json", `{"scripts":{"prepare":"huskyx"}}`)
		}},
		{name: "the same for the build", why: "package.json has the script prepare, which", change: func(t *testing.T, k *keyed) {
			k.spec.launch = false
			k.write(t, "package.json", `{"scripts":{"prepare":"huskyx"}}`)
		}},
		{name: "git hooks alone", change: func(t *testing.T, k *keyed) {
			k.write(t, "package.json", `{"scripts":{"prepare":"husky","postinstall":" husky install ","install":"  "}}`)
		}},
		{name: "a module in C", why: "binding.gyp makes fake compile into the app", change: func(t *testing.T, k *keyed) { k.write(t, "binding.gyp", "{}") }},
		{name: "an install script of a folder", why: "lib/package.json has the script install", change: func(t *testing.T, k *keyed) {
			withFolder(t, k)
			k.write(t, "lib/package.json", `{"scripts":{"install":"make"}}`)
		}},
		{name: "a folder outside", why: "the dependency in ../lib is outside of the project", change: func(_ *testing.T, k *keyed) {
			k.project.Workspace = "web"
			k.selection.closures[false] = deps.Closure{Folders: []string{"../lib"}}
		}},
		{name: "an install script of the root that the workspace does not need", change: func(t *testing.T, k *keyed) {
			withFolder(t, k)
			k.write(t, "package.json", `{"scripts":{"install":"make"}}`)
		}},
		{name: "the same with devDependencies", why: "package.json has the script install", change: func(t *testing.T, k *keyed) {
			withFolder(t, k)
			k.spec.launch, k.selection.closures[true] = false, k.selection.closures[false]
			k.write(t, "package.json", `{"scripts":{"install":"make"}}`)
		}},
		{name: "a package.json that the manager will refuse, before one with a script", why: "lib/package.json has the script", change: func(t *testing.T, k *keyed) {
			withFolder(t, k)
			k.spec.launch, k.selection.closures[true] = false, k.selection.closures[false]
			k.write(t, "package.json", `{`)
			k.write(t, "lib/package.json", `{"scripts":{"install":"make"}}`)
		}},
	} {
		k := newKeyed(t)
		if tc.change != nil {
			tc.change(t, &k)
		}
		why, ok, err := k.reusable(k.spec)
		if err != nil || ok != (tc.why == "") || tc.why == "-" && why != "" || tc.why != "-" && !strings.HasPrefix(why, tc.why) {
			t.Errorf("%s: got %q, %v, %v, want %q", tc.name, why, ok, err, tc.why)
		}
	}
	k := newKeyed(t)
	k.project.Workspace = "web"
	k.write(t, fakeLock, "{")
	if _, ok, err := k.reusable(k.spec); err == nil || ok {
		t.Errorf("a lockfile that cannot be read: got %v, %v", ok, err)
	}
}
