package deb_test

import (
	"archive/tar"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/deb"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// build makes a package with dpkg-deb.
func build(t *testing.T, compression string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"DEBIAN/control":  "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.com>\nDescription: x\n",
		"DEBIAN/postinst": "#!/bin/sh\n",
		"usr/share/x":     strings.Repeat("x", 100_000),
	} {
		path := filepath.Join(dir, "root", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "x.deb")
	if out, err := exec.Command("dpkg-deb", "--root-owner-group", "-Z"+compression, "--build", filepath.Join(dir, "root"), file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

func sizes(archive *tar.Reader) (map[string]int64, error) {
	all := map[string]int64{}
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all[header.Name] = header.Size
	}
}

func TestAPackageIsRead(t *testing.T) {
	tier.Program(t, "dpkg-deb")
	for _, compression := range []string{"xz", "zstd", "gzip"} {
		file := build(t, compression)
		control, err := deb.Control(t.Context(), file)
		if err != nil || control["postinst"] != "#!/bin/sh\n" || !strings.HasPrefix(control["control"], "Package: x\n") {
			t.Errorf("%s: got %v, %v", compression, control, err)
		}
		err = deb.Files(t.Context(), file, func(archive *tar.Reader) error {
			all, err := sizes(archive)
			if all["./usr/share/x"] != 100_000 {
				t.Errorf("%s: got %v", compression, all)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", compression, err)
		}
		stop := io.ErrClosedPipe
		if err := deb.Files(t.Context(), file, func(*tar.Reader) error { return stop }); err == nil || !strings.Contains(err.Error(), stop.Error()) {
			t.Errorf("%s: after an error of the reader: got %v", compression, err)
		}
	}
}

func TestAPackageThatIsDamaged(t *testing.T) {
	tier.Program(t, "dpkg-deb")
	whole, err := os.ReadFile(build(t, "xz"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"cut": whole[:len(whole)-100], "empty": nil, "text": []byte("!<arch>\nno package\n")} {
		file := filepath.Join(t.TempDir(), name+".deb")
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
		err := deb.Files(t.Context(), file, func(archive *tar.Reader) error {
			_, err := sizes(archive)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), name+".deb") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
