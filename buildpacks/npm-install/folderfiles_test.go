package npminstall_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// The same commit, checked out with any umask, is the same app and the same layer.
func TestTheUmaskOfACheckoutDoesNotCount(t *testing.T) {
	t.Parallel()
	for _, vendored := range []bool{false, true} {
		var trees []string
		for _, mask := range []fs.FileMode{0o002, 0o022, 0o077} {
			f := newFixture(t)
			f.app = filepath.Join(t.TempDir(), "app")
			contents := files{"package.json": withScripts(`"build":"cp -p server.js copy.js && cp -rp lib dist"`), "server.js": "", "lib/a/b.js": "", "run.sh": "#!/bin/sh\n"}
			f.withLock(contents)
			if vendored {
				npm(t, f.env, f.app, "install")
			}
			f.Expect(os.Chmod(filepath.Join(f.app, "run.sh"), 0o755)).To(Succeed())
			checkOut(t, f.app, mask)
			f.built(launchOnly)
			trees = append(trees, tree(t, f.app)+tree(t, f.in("launch-modules")))
			f.Expect(trees[0]).To(ContainSubstring("run.sh -rwxr-xr-x\n"))
			f.Expect(f.log.String()).NotTo(ContainSubstring("WARNING"))
		}
		for _, other := range trees[1:] {
			if other != trees[0] {
				t.Errorf("vendored %v: got\n%s\nand\n%s", vendored, trees[0], other)
			}
		}
	}
}

// checkOut gives all in a folder the modes of a checkout with a umask.
func checkOut(t *testing.T, dir string, mask fs.FileMode) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o666)
		if info.Mode()&0o100 != 0 {
			mode = 0o777
		}
		return os.Chmod(path, mode&^mask)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// tree lists what is in a folder, with modes.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var all bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := entry.Info()
		all.WriteString(strings.TrimPrefix(path, dir+"/") + " " + info.Mode().String() + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestModesThatAreKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.env = f.env.With("BP_KEEP_FILE_MODES", "true")
	f.withLock(files{"package.json": withScripts(""), "own.key": "x"})
	f.Expect(os.Chmod(filepath.Join(f.app, "own.key"), 0o600)).To(Succeed())
	f.built(launchOnly)
	info, err := os.Stat(filepath.Join(f.app, "own.key"))
	f.Expect(err).NotTo(HaveOccurred())
	f.Expect(info.Mode()).To(Equal(fs.FileMode(0o600)))
}

func TestNoCredentialOfALockfileIsInALayer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	archives := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(pack(t, files{"package.json": `{"name":"own","version":"1.0.0"}`}))
	}))
	defer archives.Close()
	at := strings.Replace(archives.URL, "http://", "http://somebody:passw0rd@", 1) + "/own.tgz?private_token=t0ken"
	f.withLock(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"build":"true"},"dependencies":{"own":"` + at + `"}}`})
	f.Expect(f.read("package-lock.json")).To(ContainSubstring("passw0rd"))
	f.built(buildAndLaunchAlone)
	found := 0
	for _, layer := range []string{"launch-modules", "build-modules"} {
		err := filepath.WalkDir(f.in(layer), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(path)
			if strings.Contains(string(text), "passw0rd") || strings.Contains(string(text), "t0ken") {
				t.Errorf("%s has it: %s", path, text)
			}
			if entry.Name() == ".package-lock.json" && strings.Contains(string(text), archives.URL+"/own.tgz") {
				found++
			}
			return err
		})
		f.Expect(err).NotTo(HaveOccurred())
	}
	f.Expect(found).To(Equal(2))
	f.Expect(f.log.String()).To(ContainSubstring("package-lock.json: credentials in addresses"))
}

func TestSecretsAreNamed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.withLock(files{"package.json": withScripts(""), ".env": "A=1", ".env.production": "A=1", ".env.example": "A=", "keys/id_rsa": "x", "keys/id_rsa.pub": "x",
		"tls/server.pem": "-----BEGIN CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\nx\n", "tls/ca.pem": "-----BEGIN CERTIFICATE-----\n", "doc.md": "such as `-----BEGIN PRIVATE KEY-----`\n"})
	f.built(buildAndLaunchAlone)
	var named []string
	_, said, _ := strings.Cut(f.log.String(), "[secret-in-image]")
	for line := range strings.Lines(said) {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.Contains(name, " ") {
			named = append(named, name)
		}
	}
	slices.Sort(named)
	f.Expect(named).To(Equal([]string{".env", ".env.production", "keys/id_rsa", "tls/server.pem"}))
}
