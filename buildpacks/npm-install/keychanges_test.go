package npminstall_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// Each row is another second build after one and the same first build.
func TestWhatTheKeyOfALayerDependsOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	contents := files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"hello":"^1.0.0"},"devDependencies":{"tool":"^2.0.0"}}`}
	f.withLock(contents)
	f.built(launchOnly)
	rewind := f.rewinder(func() { f.withLock(contents) })

	write := func(dir *string, contents files) func() { return func() { writeFiles(f.t, *dir, contents) } }
	home := f.env.Get("HOME")
	set := func(name, value string) func() { return func() { f.env = f.env.With(name, value) } }
	versions := func(from, to string) func() { return func() { f.env = otherVersions(f.t, f.env, from, to) } }
	for _, group := range []struct {
		name   string
		reused bool
		rows   map[string]func()
	}{
		{"installs anew when something changes: ", false, map[string]func(){
			"package.json":               write(&f.app, files{"package.json": contents["package.json"] + "\n"}),
			"the lockfile":               func() { appendTo(f.t, filepath.Join(f.app, "package-lock.json"), "\n") },
			"the .npmrc":                 write(&f.app, files{".npmrc": "save=false\n"}),
			"the user's .npmrc":          write(&home, files{".npmrc": "save=false\n"}),
			"the binding":                write(&f.platform, files{"bindings/rc/type": "npmrc", "bindings/rc/.npmrc": "save=false\n"}),
			"a setting of npm's":         set("NPM_CONFIG_SAVE", "false"),
			"NODE_ENV":                   set("NODE_ENV", "staging"),
			"NODE_OPTIONS":               set("NODE_OPTIONS", "--no-warnings"),
			"the buildpack":              func() { f.version = "1.2.4" },
			"the distribution":           func() { f.distro.Name = "ubuntu" },
			"the distribution's release": func() { f.distro.Version = "14" },
			"what is checked":            set("BP_NODE_MODULES_CHECK", "warn"),
			"what is taken out":          set("BP_KEEP_NODE_BUILD_CACHE", "true"),
			"the Node.js version":        versions(`"node": "`, `"node": "9`),
			"the ABI of modules":         versions(`"modules": "`, `"modules": "9`),
			"the npm version":            versions(`"npm": "`, `"npm": "9`),
		}},
		{"does not count a token as a change ", true, map[string]func(){
			"in the environment":        set("npm_config_//localhost/:_authToken", "secret"),
			"in the .npmrc":             write(&f.app, files{".npmrc": "//localhost/:_authToken=secret\n"}),
			"in the user's .npmrc":      write(&home, files{".npmrc": "//localhost/:_password=c2VjcmV0\n"}),
			"in the binding":            write(&f.platform, files{"bindings/rc/type": "npmrc", "bindings/rc/.npmrc": "//localhost/:_authToken=secret\n"}),
			"in the registry's address": set("NPM_CONFIG_REGISTRY", strings.Replace(f.npms.URL, "://", "://me:secret@", 1)+"/"),
			"in a file that the environment names": func() {
				path := filepath.Join(f.t.TempDir(), "user")
				f.Expect(os.WriteFile(path, []byte("_auth=YTpi\n"), 0o600)).To(Succeed())
				f.env = f.env.With("NPM_CONFIG_USERCONFIG", path)
			},
		}},
		{"does not count as a change where a platform has its folders: ", true, map[string]func(){
			"nothing":                    func() {},
			"HOME":                       set("HOME", t.TempDir()),
			"no HOME":                    func() { f.env = f.env.Without("HOME") },
			"npm's cache":                set("NPM_CONFIG_CACHE", t.TempDir()),
			"the Platform API":           set("CNB_PLATFORM_API", "0.15"),
			"the folder of the bindings": func() { f.platform = f.t.TempDir() },
		}},
	} {
		for name, change := range group.rows {
			t.Run(group.name+name, func(t *testing.T) {
				f.t, f.Expect = t, NewWithT(t).Expect
				rewind()
				change()
				f.built(launchOnly)
				if group.reused {
					f.Expect(f.log.String()).To(ContainSubstring("Reusing"))
					return
				}
				f.Expect(f.log.String()).NotTo(ContainSubstring("Reusing"))
				f.Expect(f.modules("launch-modules", "hello")).To(BeADirectory())
			})
		}
	}
}
