package npminstall_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
)

// platforms publishes a package with optional ones for three platforms, and
// one that depends on it.
func (s *scene) platforms() {
	names := map[string]string{}
	for name, fields := range map[string]map[string]any{
		"@bundler/native-linux-arm64-gnu": {"os": []string{"linux"}, "cpu": []string{"arm64"}},
		"@bundler/native-linux-x64-gnu":   {"os": []string{"linux"}, "cpu": []string{"x64"}},
		"@bundler/native-darwin-arm64":    {"os": []string{"darwin"}, "cpu": []string{"arm64"}},
	} {
		s.npms.publish(name, "1.0.0", fields, nil)
		names[name] = "1.0.0"
	}
	s.npms.publish("bundler", "1.0.0", map[string]any{"optionalDependencies": names}, nil)
	s.npms.publish("bundler", "1.0.1", map[string]any{"optionalDependencies": names}, nil)
	s.npms.publish("tool", "2.0.0", map[string]any{"dependencies": map[string]string{"bundler": "^1.0.0"}}, nil)
}

// forget takes packages out of the lockfile, as npm up to 11.5 does when it
// writes one from the node_modules of another platform.
func (s *scene) forget(names ...string) {
	s.t.Helper()
	path := filepath.Join(s.app, "package-lock.json")
	lock := s.lockfile()
	for _, name := range names {
		delete(lock["packages"].(map[string]any), "node_modules/"+name)
	}
	text, err := json.MarshalIndent(lock, "", "  ")
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) lockfile() map[string]any {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.app, "package-lock.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var lock map[string]any
	if err := json.Unmarshal(text, &lock); err != nil {
		s.t.Fatal(err)
	}
	return lock
}

var (
	linuxARM64 = "@bundler/native-linux-arm64-gnu"
	linuxAMD64 = "@bundler/native-linux-x64-gnu"

	onBundler   = files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"bundler":"^1.0.0"}}`}
	onTool      = files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"tool":"^2.0.0"}}`}
	devTool     = files{"package.json": `{"name":"app","version":"1.0.0","devDependencies":{"tool":"^2.0.0"}}`}
	inWorkspace = files{
		"package.json":            `{"name":"app","version":"1.0.0","workspaces":["packages/*"]}`,
		"packages/w/package.json": `{"name":"w","version":"1.0.0","dependencies":{"tool":"^2.0.0"}}`,
	}
	workspaceAndProject = files{
		"package.json":            `{"name":"app","version":"1.0.0","workspaces":["packages/*"],"dependencies":{"bundler":"^1.0.0"}}`,
		"packages/w/package.json": `{"name":"w","version":"1.0.0","dependencies":{"tool":"^2.0.0"}}`,
	}
)

// newScene is an app with the packages of platforms, for linux/arm64.
func newScene(t *testing.T) *scene {
	t.Helper()
	needNPM(t)
	npms := newRegistry(t)
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t).With("CNB_TARGET_ARCH", "arm64")}
	s.platforms()
	return s
}

func TestALockfileThatLacksTheTargetsPackageIsNamedBeforeTheInstall(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(onTool)
	s.npms.lock(s.env, s.app)
	s.forget(linuxARM64, linuxAMD64)
	before := s.npms.calls()
	err, log := s.build(t.TempDir())
	var f *failure.Failure
	if !errors.As(err, &f) || f.ID != "lockfile-lacks-target-package" || f.Transient {
		t.Fatalf("got %v\n%s", err, log)
	}
	golden(t, filepath.Join("testdata", "failures", "lockfile-lacks-target-package.txt"), s.general(err.Error()))
	if s.npms.calls() != before {
		t.Error("the registry was asked")
	}
}

func TestALockfileIsJudgedByWhatIsInstalled(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		app     files
		forget  []string
		env     [2]string
		lacking bool
	}{
		{"another platform's package is missing", onTool, []string{"@bundler/native-darwin-arm64"}, [2]string{}, false},
		{"development dependencies that the launch does without", devTool, []string{linuxARM64}, [2]string{}, false},
		{"optional packages are left out", onTool, []string{linuxARM64}, [2]string{"NPM_CONFIG_OMIT", "optional"}, false},
		{"no check is wanted", onTool, []string{linuxARM64}, [2]string{"BP_NODE_MODULES_CHECK", "off"}, false},
		{"a warning is wanted", onTool, []string{linuxARM64}, [2]string{"BP_NODE_MODULES_CHECK", "warn"}, false},
		{"a workspace's", inWorkspace, []string{linuxARM64}, [2]string{}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newScene(t)
			s.write(tc.app)
			s.npms.lock(s.env, s.app)
			s.forget(tc.forget...)
			if tc.env[0] != "" {
				s.env = s.env.With(tc.env[0], tc.env[1])
			}
			err, log := s.build(t.TempDir())
			if lacking := errors.Is(err, &failure.Failure{ID: "lockfile-lacks-target-package"}); lacking != tc.lacking {
				t.Errorf("got %v\n%s", err, log)
			}
			if warns := strings.Contains(log, "WARNING: [lockfile-lacks-target-package]"); warns != (tc.env[1] == "warn") {
				t.Errorf("got the log\n%s", log)
			}
		})
	}
}

// The remedy is run as it is printed, but with the npm of its release line
// that is here, and not the newest.
func TestTheRemedyMendsTheLockfile(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		app  files
		same bool // no version changes
	}{
		{"of a dependency", onBundler, true},
		{"of a dependency's dependency", onTool, true},
		{"of a workspace's dependency", inWorkspace, true},
		{"of the project and a workspace", workspaceAndProject, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newScene(t)
			s.env = s.env.With("PATH", npmOf(t, "11")+":"+s.env.Get("PATH"))
			s.write(tc.app)
			newer := s.npms.releases["bundler"]["1.0.1"]
			delete(s.npms.releases["bundler"], "1.0.1")
			s.npms.lock(s.env, s.app)
			s.npms.releases["bundler"]["1.0.1"] = newer
			manifest := read(t, filepath.Join(s.app, "package.json"))
			s.forget(linuxARM64, linuxAMD64)

			err, log := s.build(t.TempDir())
			if err == nil {
				t.Fatalf("the lockfile is not refused\n%s", log)
			}
			command := regexp.MustCompile("run `([^`]+)`").FindStringSubmatch(err.Error())
			if command == nil {
				t.Fatalf("there is no command in %s", err)
			}
			for _, one := range strings.Split(command[1], " && ") {
				args, ok := strings.CutPrefix(one, "npx --yes npm@11 ")
				if !ok {
					t.Fatalf("got the command %s", one)
				}
				npm(t, s.env, s.app, strings.Fields(args)...)
			}
			if err, log := s.build(t.TempDir()); err != nil {
				t.Errorf("it still does not build: %s\n%s", err, log)
			}
			if got := read(t, filepath.Join(s.app, "package.json")); strings.TrimSpace(got) != manifest {
				t.Errorf("package.json is now\n%s", got)
			}
			version := s.lockfile()["packages"].(map[string]any)["node_modules/bundler"].(map[string]any)["version"]
			if (version == "1.0.0") != tc.same {
				t.Errorf("bundler is now %s, and the remedy says:\n%s", version, err)
			}
		})
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
