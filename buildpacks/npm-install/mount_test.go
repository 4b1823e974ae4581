package npminstall_test

import (
	"os"
	"path/filepath"
	"testing"
)

// The app and the layers are different mounts in a build container, where
// nothing can be renamed from one to the other.
func TestLayersOnAnotherMount(t *testing.T) {
	t.Parallel()
	needNPM(t)
	npms := newRegistry(t)
	npms.publish("word", "1.0.0", map[string]any{"bin": "index.js"}, files{"lib/deep/x.js": "x"})
	s := &scene{t: t, app: t.TempDir(), npms: npms, env: npms.environment(t)}
	s.write(files{"package.json": onWord})
	layers := smallDisk(t, "size=64m")
	if err, log := s.build(layers); err != nil {
		t.Fatalf("%s\n%s", err, log)
	}
	modules := filepath.Join(layers, "launch-modules", "node_modules")
	for path, mode := range map[string]os.FileMode{"word/index.js": 0o755, "word/lib/deep/x.js": 0o755, "word/lib/deep": 0o755 | os.ModeDir} {
		info, err := os.Stat(filepath.Join(modules, path))
		if err != nil {
			t.Error(err)
		} else if info.Mode() != mode {
			t.Errorf("%s: got %s, want %s", path, info.Mode(), mode)
		}
	}
	if got, err := os.Readlink(filepath.Join(modules, ".bin", "word")); err != nil || got != "../word/index.js" {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := os.Readlink(filepath.Join(s.app, "node_modules")); err != nil || got != modules {
		t.Errorf("node_modules leads to %q, %v", got, err)
	}
}
