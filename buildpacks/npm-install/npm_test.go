package npminstall_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// Every start of npm takes a quarter of a second: its versions are read where
// they stand, and one install is one call.
func TestNPMIsStartedForTheInstallOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.env = f.env.Without("NODE_COMPILE_CACHE")
	real, err := exec.LookPath("npm")
	f.Expect(err).NotTo(HaveOccurred())
	version, err := exec.Command(real, "--version").Output()
	f.Expect(err).NotTo(HaveOccurred())
	f.withLock(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"hello":"^1.0.0"}}`})
	home := t.TempDir()
	writeFiles(t, home, files{
		"lib/npm/package.json":   `{"name":"npm","version":"` + strings.TrimSpace(string(version)) + `"}`,
		"lib/npm/bin/npm-cli.js": "#!/bin/sh\necho \"$1 $NODE_DISABLE_COMPILE_CACHE\" >>" + home + "/calls\nexec " + real + " \"$@\"\n",
	})
	f.Expect(os.Chmod(filepath.Join(home, "lib/npm/bin/npm-cli.js"), 0o755)).To(Succeed())
	f.Expect(os.Mkdir(filepath.Join(home, "bin"), 0o755)).To(Succeed())
	f.Expect(os.Symlink("../lib/npm/bin/npm-cli.js", filepath.Join(home, "bin/npm"))).To(Succeed())
	f.env = f.env.With("PATH", filepath.Join(home, "bin")+":"+f.env.Get("PATH"))

	f.built(wants(map[string]any{"launch": true, "relinks": true}))
	calls, err := os.ReadFile(filepath.Join(home, "calls"))
	f.Expect(err).NotTo(HaveOccurred())
	f.Expect(string(calls)).To(Equal("ci 1\n"))

	lock := f.read("package-lock.json")
	f.next(func() {
		writeFiles(t, f.app, files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"hello":"^1.0.0"}}`, "package-lock.json": lock})
	})
	f.built(wants(map[string]any{"launch": true, "relinks": true}))
	calls, err = os.ReadFile(filepath.Join(home, "calls"))
	f.Expect(err).NotTo(HaveOccurred())
	f.Expect(string(calls)).To(Equal("ci 1\n"), "the second build has nothing to install")
}
