//go:build linux

package preview

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	plainPackage = `{"name":"a","scripts":{"start":"node server.js","test":"x"},"dependencies":{"b":"1.0.0"}}`
	plainLock    = `{"name":"a","lockfileVersion":3,"packages":{"":{"name":"a","dependencies":{"b":"1.0.0"}},"node_modules/b":{"version":"1.0.0","resolved":"https://registry.example/b/-/b-1.0.0.tgz","integrity":"sha512-eA=="},"node_modules/b/node_modules/c":{"version":"1.0.0","inBundle":true}}}`
)

// manifestsOf reads those of an app with files.
func manifestsOf(t *testing.T, files map[string]string, env map[string]string) (*App, error) {
	t.Helper()
	app := t.TempDir()
	for path, text := range files {
		write(t, filepath.Join(app, path), text)
	}
	return Read(app, t.TempDir(), func(name string) string { return env[name] })
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestManifestsAreThoseOfTheProject(t *testing.T) {
	m, err := manifestsOf(t, map[string]string{"package.json": plainPackage, "package-lock.json": plainLock}, nil)
	if err != nil || m.pkg.Name != "a" || !m.locked || len(m.lock.Packages) != 2 {
		t.Errorf("got %+v, %v", m, err)
	}
	workspaces := map[string]string{
		"package.json": `{"name":"root","workspaces":["packages/*"]}`, "package-lock.json": plainLock, "packages/x/package.json": `{"name":"x"}`,
		"packages/x/binding.gyp": "{}", "other/package.json": "{",
	}
	m, err = manifestsOf(t, workspaces, map[string]string{"BP_NODE_PROJECT_PATH": "./packages/x/"})
	if err != nil || m.pkg.Name != "x" || m.root.Name != "root" || !m.locked || !m.gyp {
		t.Errorf("got %+v, %v", m, err)
	}
	if _, err := manifestsOf(t, workspaces, map[string]string{"BP_NODE_PROJECT_PATH": "../elsewhere"}); err == nil {
		t.Error("a project elsewhere: got no error")
	}
}

// Files of the app that are meant to do harm to whoever reads them, armature
// being root perhaps.
func TestManifestsAreReadInsideTheAppAndEnd(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "package.json")
	write(t, outside, plainPackage)
	for _, file := range []string{"package.json", "package-lock.json", "npm-shrinkwrap.json"} {
		for _, tc := range []struct {
			name string
			make func(path string) error
		}{
			{"a pipe", func(path string) error { return syscall.Mkfifo(path, 0o644) }},
			{"a device", func(path string) error { return os.Symlink("/dev/zero", path) }},
			{"elsewhere", func(path string) error { return os.Symlink(outside, path) }},
			{"without end", func(path string) error {
				if err := os.WriteFile(path, nil, 0o644); err != nil {
					return err
				}
				return os.Truncate(path, 1<<40)
			}},
		} {
			t.Run(file+" is "+tc.name, func(t *testing.T) {
				app := t.TempDir()
				if file != "package.json" {
					write(t, filepath.Join(app, "package.json"), plainPackage)
				}
				if err := tc.make(filepath.Join(app, file)); err != nil {
					t.Fatal(err)
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				done := make(chan error, 1)
				go func() {
					_, err := Read(app, t.TempDir(), func(string) string { return "" })
					done <- err
				}()
				select {
				case err := <-done:
					if err == nil {
						t.Error("it was read")
					}
				case <-time.After(2 * time.Minute): // the race detector takes its time
					t.Fatal("it waits, or reads without end")
				}
				runtime.ReadMemStats(&after)
				if took := after.TotalAlloc - before.TotalAlloc; took > 500<<20 {
					t.Errorf("it took %d MB of memory", took>>20)
				}
			})
		}
	}
}

func TestAProjectThatALinkLeadsOutToIsNotRead(t *testing.T) {
	app, outside := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "package.json"), plainPackage)
	if err := os.Symlink(outside, filepath.Join(app, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(app, t.TempDir(), func(string) string { return "link" }); err == nil {
		t.Error("it was read")
	}
}

func TestOnlyWhatIsKnownToRunNothingRunsNothing(t *testing.T) {
	with := func(text, what, by string) string {
		if !strings.Contains(text, what) {
			t.Fatalf("%q is not there", what)
		}
		return strings.Replace(text, what, by, 1)
	}
	for _, tc := range []struct {
		name      string
		pkg, lock string
		more      map[string]string
		env       map[string]string
		want      bool
	}{
		{name: "packages from a registry"},
		{name: "settings of the buildpacks", env: map[string]string{"BP_NODE_VERSION": "24", "NODE_ENV": "production", "NPM_CONFIG_REGISTRY": "https://x"}},
		{name: "a start script that is like a build", pkg: with(plainPackage, `"test":"x"`, `"builder":"x"`)},
		{name: "a build script", pkg: with(plainPackage, `"test"`, `"build"`), want: true},
		{name: "a script of the install", pkg: with(plainPackage, `"test"`, `"prepare"`), want: true},
		{name: "a script before the install", pkg: with(plainPackage, `"test"`, `"preinstall"`), want: true},
		{name: "a script of what changes node_modules", pkg: with(plainPackage, `"test"`, `"dependencies"`), want: true},
		{name: "a hook of a script that is not there", pkg: with(plainPackage, `"test"`, `"postdependencies"`), want: true},
		{name: "a project to compile", more: map[string]string{"binding.gyp": "{}"}, want: true},
		{name: "modules that the app brings", more: map[string]string{"node_modules/x/package.json": "{}"}, want: true},
		{name: "a package with an install script", lock: with(plainLock, `"integrity"`, `"hasInstallScript":true,"integrity"`), want: true},
		{name: "a package without a checksum", lock: with(plainLock, `,"integrity":"sha512-eA=="`, ""), want: true},
		{name: "a workspace", lock: with(plainLock, `"node_modules/b":`, `"w":{"version":"1.0.0"},"node_modules/w":{"resolved":"w","link":true},"node_modules/b":`), want: true},
		{name: "an old lockfile", lock: `{"lockfileVersion":1,"dependencies":{}}`, want: true},
		{name: "no lockfile", lock: "-", want: true},
		{name: "scripts that were asked for", env: map[string]string{"BP_NODE_RUN_SCRIPTS": "x"}, want: true},
		{name: "another npm", env: map[string]string{"BP_NPM_VERSION": "10"}, want: true},
		{name: "an npm that the app chose", pkg: with(plainPackage, `"name"`, `"packageManager":"npm@10.0.0","name"`), want: true},
		{name: "an npm in a range", pkg: with(plainPackage, `"name"`, `"engines":{"npm":"10"},"name"`), want: true},
		{name: "an npm for developers", pkg: with(plainPackage, `"name"`, `"devEngines":{"packageManager":{"name":"npm"}},"name"`), want: true},
		{name: "an option of Node.js", env: map[string]string{"NODE_OPTIONS": "--require ./x.js"}, want: true},
		{name: "a library", env: map[string]string{"LD_PRELOAD": "x.so"}, want: true},
		{name: "a shell of npm's", env: map[string]string{"npm_config_script-shell": "./x"}, want: true},
		{name: "a variable without a value", env: map[string]string{"NODE_OPTIONS": ""}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files := map[string]string{"package.json": plainPackage, "package-lock.json": plainLock}
			if tc.pkg != "" {
				files["package.json"] = tc.pkg
			}
			if tc.lock == "-" {
				delete(files, "package-lock.json")
			} else if tc.lock != "" {
				files["package-lock.json"] = tc.lock
			}
			for path, text := range tc.more {
				files[path] = text
			}
			m, err := manifestsOf(t, files, tc.env)
			if err != nil {
				t.Fatal(err)
			}
			if got := m.RunsScripts(tc.env); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestEveryDownloadHasAChecksumOrNotAll(t *testing.T) {
	for lock, want := range map[string]bool{
		plainLock: true,
		strings.Replace(plainLock, `,"integrity":"sha512-eA=="`, "", 1):                           false,
		`{"lockfileVersion":3,"packages":{"node_modules/w":{"resolved":"w","link":true},"w":{}}}`: true,
	} {
		m, err := manifestsOf(t, map[string]string{"package.json": plainPackage, "package-lock.json": lock}, nil)
		if err != nil || m.Checked() != want {
			t.Errorf("%s: got %v, %v, want %v", lock, m.Checked(), err, want)
		}
	}
	if m, err := manifestsOf(t, map[string]string{"package.json": plainPackage}, nil); err != nil || m.Checked() {
		t.Errorf("no lockfile: got %v, %v", m.Checked(), err)
	}
}
