package npminstall_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
)

var update = flag.Bool("update", false, "write what failures say into testdata")

// failing is an app that cannot be built, and the id of the failure.
type failing struct {
	name, id string
	prepare  func(s *scene)
}

var failures = slices.Concat(projectFailures, registryFailures, dependencyFailures, scriptFailures)

// run fails with the npm of a release line, which is in a folder, or with that
// on the PATH.
func (f failing) run(t *testing.T, npmDir, line string) {
	npms := newRegistry(t)
	npms.publish("word", "1.0.0", nil, nil)
	npms.publish("word", "1.1.0", nil, nil)
	npms.publish("tool", "2.0.0", nil, nil)
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t)}
	if npmDir != "" {
		s.env = s.env.With("PATH", npmDir+":"+s.env.Get("PATH"))
	}
	f.prepare(s)
	err, log := s.build(t.TempDir())
	if !errors.Is(err, &failure.Failure{ID: f.id}) {
		t.Fatalf("got %v, want the id %s\n%s", err, f.id, log)
	}
	path := filepath.Join("testdata", "failures", f.name+".txt")
	if own := strings.TrimSuffix(path, ".txt") + "-of-npm-" + line + ".txt"; exists(own) {
		path = own // where this npm has words of its own
	}
	golden(t, path, s.general(err.Error()))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestBlockedInstallScriptsAreNamed(t *testing.T) {
	t.Parallel()
	needNPM(t)
	npms := newRegistry(t)
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t)}
	needNPMFrom(t, s.env, 12)
	s.withScript("exit 1", nil)
	s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"scripted":"1.0.0"}}`})
	err, log := s.build(t.TempDir())
	if err != nil || !strings.Contains(log, "scripted@1.0.0 (install: exit 1)") {
		t.Errorf("got %v\n%s", err, log)
	}
}

func TestScriptsThatAreAllowedAreNotNamed(t *testing.T) {
	t.Parallel()
	needNPM(t)
	npms := newRegistry(t)
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t)}
	s.withScript("echo made > made", nil)
	layers := t.TempDir()
	err, log := s.build(layers)
	if err != nil || strings.Contains(log, "has not run install scripts") {
		t.Errorf("got %v\n%s", err, log)
	}
	if _, err := os.Stat(filepath.Join(layers, "launch-modules", "node_modules", "scripted", "made")); err != nil {
		t.Errorf("the script did not run: %s", err)
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant, as in %s,\n%s\n(go test -run TestFailures -update writes it anew)", got, path, want)
	}
}

func TestAHostThatDoesNotExistIsAnUnreachableRegistry(t *testing.T) {
	t.Parallel()
	needNPM(t)
	npms := newRegistry(t)
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t).With("NPM_CONFIG_REGISTRY", "http://registry.invalid/")}
	s.write(files{"package.json": onWord})
	err, log := s.build(t.TempDir())
	var f *failure.Failure
	if !errors.As(err, &f) || f.ID != "npm-registry-unreachable" || !f.Transient {
		t.Errorf("got %v\n%s", err, log)
	}
}

// smallDisk mounts a file system of that many bytes.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("mounting a small file system needs root: %s", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestAFullDiskIsNamed(t *testing.T) {
	t.Parallel()
	needNPM(t)
	for _, tc := range []struct{ name, size string }{
		{"where npm has its cache", "size=64k"},
		{"where the layer is copied to", "size=1500k"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			npms := newRegistry(t)
			large := bytes.Repeat([]byte("x"), 2<<20) // next to nothing in the cache, which keeps the archive
			npms.publish("word", "1.0.0", nil, files{"large": string(large)})
			s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t)}
			s.write(files{"package.json": onWord})
			layers := smallDisk(t, tc.size)
			err, log := s.build(layers)
			if !errors.Is(err, &failure.Failure{ID: "disk-full"}) {
				t.Errorf("got %v\n%s", err, log)
			}
			if _, err := os.Stat(filepath.Join(layers, "launch-modules", "node_modules")); err == nil {
				t.Error("half of the modules are left")
			}
		})
	}
}
