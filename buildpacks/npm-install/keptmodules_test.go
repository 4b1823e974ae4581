package npminstall_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	. "github.com/onsi/gomega"
)

// A changed lockfile replaces in build-modules what changed, and what is no longer as
// it was unpacked.
func TestUnchangedPackagesAreTakenFromBuildModules(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.env = f.env.With("BP_NODE_INSTALLER", "lockfile")
	inode := func(path ...string) uint64 {
		info, err := os.Stat(f.modules("build-modules", path...))
		f.Expect(err).NotTo(HaveOccurred())
		return info.Sys().(*syscall.Stat_t).Ino
	}
	f.withLock(simple)
	f.built(buildAndLaunch)
	hello, word := inode("hello", "package.json"), inode("word", "package.json")
	f.Expect(os.WriteFile(f.modules("build-modules", "word", "made.js"), nil, 0o644)).To(Succeed())

	more := files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"hello":"^1.0.0"}}`, "node.js": simple["node.js"]}
	f.next(func() { f.withLock(more) })
	f.built(buildAndLaunch)
	f.Expect(f.log.String()).NotTo(ContainSubstring("Reusing cached layer"))
	f.Expect(inode("hello", "package.json")).To(Equal(hello), "took the package that is as it was")
	f.Expect(inode("word", "package.json")).NotTo(Equal(word), "unpacked anew what a script has changed")
	f.Expect(f.modules("build-modules", "word", "made.js")).NotTo(BeAnExistingFile())
	f.Expect(f.modules("build-modules", "tool")).NotTo(BeADirectory())
	f.Expect(filepath.Join(f.layersDir, "build-modules.before")).NotTo(BeADirectory())
	f.export()
	f.Expect(f.runs("node.js")).To(Equal("hello@1.0.0\n"))
}
