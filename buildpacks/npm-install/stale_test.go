package npminstall_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
)

// A layer that an install script of a package took part in is reused only
// while the app's files are the same: the script may read them.
func TestWhatAnInstallScriptMayReadIsPartOfTheKey(t *testing.T) {
	t.Parallel()
	const reads = "cp $INIT_CWD/schema.txt made.txt"
	other := func(f *fixture) { f.env = f.env.With("CNB_TARGET_ARCH", otherTarget(f.t).Arch) }
	schema := func(f *fixture) { writeFiles(f.t, f.app, files{"schema.txt": "two"}) }
	for _, row := range []struct {
		name    string
		extra   map[string]any
		with    files // of the package
		plan    packit.BuildpackPlan
		target  func(f *fixture)
		change  func(f *fixture)
		reused  bool
		read    string // what made.txt of the package says afterwards
		inLayer string
	}{
		{name: "for the launch", extra: script("postinstall", reads), plan: launchOnly, change: schema, read: "two"},
		{name: "for the build", extra: script("install", reads), plan: buildOnly, change: schema, read: "two", inLayer: "build-modules"},
		{name: "for another target", extra: script("postinstall", reads), plan: launchOnly, target: other, change: schema, read: "two"},
		{name: "nothing changed", extra: script("postinstall", reads), plan: launchOnly, change: func(*fixture) {}, reused: true, read: "one"},
		{name: "nothing changed for another target", extra: script("postinstall", reads), plan: launchOnly, target: other, change: func(*fixture) {}, reused: true, read: "one"},
		{
			name: "another mode and a token", extra: script("postinstall", reads), plan: launchOnly, reused: true, read: "one",
			change: func(f *fixture) {
				f.Expect(os.Chmod(filepath.Join(f.app, "schema.txt"), 0o600)).To(Succeed())
				writeFiles(f.t, f.app, files{".npmrc": "//r.example/:_authToken=secret\n"})
			},
			inLayer: "launch-modules",
		},
		{name: "a script that only compiles", extra: script("install", "true || node-gyp rebuild"), with: files{"made.txt": "none"}, plan: launchOnly, change: schema, reused: true, read: "none"},
		{
			name: "binaries for the target", extra: script("install", "echo spoilt > made.txt || exit 1"), with: files{"made.txt": "none", "prebuilds/linux-x64/a.node": "", "prebuilds/linux-arm64/a.node": ""},
			plan: launchOnly, target: other, change: schema, reused: true, read: "none",
		},
		{
			name: "a script that changes the app", extra: script("postinstall", "cp $INIT_CWD/schema.txt made.txt && date +%N > $INIT_CWD/generated.txt"), plan: launchOnly,
			change: func(*fixture) {}, read: "one",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			if row.target != nil {
				row.target(f)
			}
			f.env = f.env.With("BP_NODE_MODULES_CHECK", "off")
			f.npms.publish("client", "1.0.0", row.extra, row.with)
			manifest := files{"package.json": `{"name":"app","dependencies":{"client":"1.0.0"},"allowScripts":{"client":true}}`}
			f.withLock(manifest)
			lock := f.read("package-lock.json")
			upload := func() {
				writeFiles(t, f.app, manifest)
				writeFiles(t, f.app, files{"package-lock.json": lock, "schema.txt": "one"})
			}
			upload()
			f.built(row.plan)
			f.next(func() { upload(); row.change(f) })
			f.built(row.plan)
			f.export()
			if got := strings.Contains(f.log.String(), "Reusing cached layer"); got != row.reused {
				t.Errorf("whether it was reused is %t:\n%s", got, f.log.String())
			}
			layer := "launch-modules"
			if row.inLayer != "" {
				layer = row.inLayer
			}
			text, err := os.ReadFile(f.modules(layer, "client", "made.txt"))
			if err != nil || string(text) != row.read {
				t.Errorf("the script has read %q, %v, want %q", text, err, row.read)
			}
		})
	}
}

func script(name, command string) map[string]any {
	return map[string]any{"hasInstallScript": true, "scripts": map[string]string{name: command}}
}
