package npminstall_test

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	filetree "github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// bunDir has the archive of the newest Bun, named by its checksum, in dependencies,
// and the program bun; it is fetched once.
var bunDir = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "bun-"); err != nil {
		return "", err
	}
	release, _ := managerreleases.Known().Newest(packagemanager.Bun)
	host, err := targets.Host()
	if err != nil {
		return "", err
	}
	packages, _ := release.For(host)
	p := packages[0]
	if output, err := exec.Command("npm", "pack", "--pack-destination", dir, p.Name+"@"+p.Version).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	archives, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return "", fmt.Errorf("got %q, %v, want an archive", archives, err)
	}
	place := filepath.Join(dir, "dependencies", p.Checksum.FileName())
	if err := errors.Join(os.Mkdir(filepath.Dir(place), 0o755), os.Rename(archives[0], place)); err != nil {
		return "", err
	}
	return dir, unpackBun(place, filepath.Join(dir, "bun"))
})

func unpackBun(archive, to string) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	zipped, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	for entries := tar.NewReader(zipped); ; {
		header, err := entries.Next()
		if err != nil {
			return err
		}
		if header.Name == "package/bin/bun" {
			program, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
			if err != nil {
				return err
			}
			_, err = io.Copy(program, entries)
			return errors.Join(err, program.Close())
		}
	}
}

// newBunFixture is a fixture with the real Bun, which the buildpack brings along.
func newBunFixture(t *testing.T) *fixture {
	t.Helper()
	tier.Program(t, "npm")
	f := newFixture(t)
	var err error
	if f.cnb, err = bunDir(); err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"x64", "arm64"} {
		f.npms.publish("@n/linux-"+arch, "1.0.0", map[string]any{"os": []string{"linux"}, "cpu": []string{arch}}, nil)
		f.npms.publish("@n/linuxmusl-"+arch, "1.0.0", map[string]any{"os": []string{"linux"}, "cpu": []string{arch}, "libc": []string{"musl"}}, nil)
	}
	f.npms.publish("native", "1.0.0", map[string]any{"optionalDependencies": map[string]string{
		"@n/linux-x64": "1.0.0", "@n/linux-arm64": "1.0.0", "@n/linuxmusl-x64": "1.0.0", "@n/linuxmusl-arm64": "1.0.0",
	}}, nil)
	f.npms.publish("failing", "1.0.0", map[string]any{"scripts": map[string]string{"postinstall": "exit 3"}}, nil)
	for _, name := range []string{"trusted", "other"} {
		f.npms.publish(name, "1.0.0", map[string]any{"scripts": map[string]string{"postinstall": "echo made > made.txt"}}, nil)
	}
	return f
}

// lockWithBun writes the files of an app, and lets Bun write its lockfile.
func (f *fixture) lockWithBun(contents files) {
	f.t.Helper()
	writeFiles(f.t, f.app, contents)
	cmd := exec.Command(filepath.Join(f.cnb, "bun"), "install", "--lockfile-only", "--ignore-scripts")
	cmd.Dir, cmd.Env = f.app, f.env
	output, err := cmd.CombinedOutput()
	f.Expect(err).NotTo(HaveOccurred(), string(output))
}

const bunManifest = `{"name":"app","version":"1.0.0","dependencies":{"hello":"^1.0.0","native":"1.0.0","trusted":"1.0.0","other":"1.0.0"},
	"devDependencies":{"tool":"^2.0.0"},"trustedDependencies":["trusted"],"scripts":{"build":"tool built","postinstall":"echo $npm_config_user_agent >> agents"}}`

func TestBunInstalls(t *testing.T) {
	t.Parallel()
	f := newBunFixture(t)
	f.lockWithBun(files{"package.json": bunManifest, "node.js": `console.log(require("hello"))`})
	layers := f.built(launchOnly)
	for _, want := range []string{
		"Installing with bun (bun.lock)", "(bun.lock)", "Running 'bun install", "--frozen-lockfile", "Running 'bun run build'",
		"other@1.0.0 (postinstall: echo made > made.txt)", "bun pm trust NAME",
	} {
		if !strings.Contains(f.log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, f.log.String())
		}
	}
	if got := f.read("out"); got != "built\n" { // of a devDependency's command
		t.Errorf("the build script wrote %q", got)
	}
	if got := f.read("agents"); !strings.HasPrefix(got, "bun/1.") {
		t.Errorf("the project's own script wrote %q", got)
	}
	if got := f.runs("node.js"); got != "hello@1.0.0\n" {
		t.Errorf("got %q", got)
	}
	host, other := hostTarget(t).Node(), otherTarget(t).Node()
	for place, want := range map[string]bool{
		"tool": false, "trusted/made.txt": true, "other/index.js": true, "other/made.txt": false,
		"@n/linux-" + host: true, "@n/linux-" + other: false, "@n/linuxmusl-" + host: false, ".bin": false,
	} {
		if _, err := os.Stat(f.modules("launch-modules", place)); (err == nil) != want {
			t.Errorf("%s: got %v, want it there: %t", place, err, want)
		}
	}
	if !layers["bun"].Build || !layers["bun"].Cache || layers["bun"].Launch {
		t.Errorf("got the layer %+v", layers["bun"])
	}
	first, err := filetree.Digest(f.in("launch-modules"))
	f.Expect(err).NotTo(HaveOccurred())

	upload := func() {
		writeFiles(t, f.app, files{"package.json": strings.Replace(bunManifest, `,"postinstall":"echo $npm_config_user_agent >> agents"`, "", 1)})
		f.lockWithBun(nil)
	}
	f.next(upload)
	f.npms.requests = nil
	f.built(launchOnly)
	for _, request := range f.npms.requests {
		if strings.HasSuffix(request, ".tgz") {
			t.Errorf("the archive %s was fetched again", request)
		}
	}
	second, err := filetree.Digest(f.in("launch-modules"))
	f.Expect(err).NotTo(HaveOccurred())
	if first != second {
		t.Error("the same install gives other bytes")
	}
	f.next(upload)
	f.built(launchOnly)
	if !strings.Contains(f.log.String(), "Reusing cached layer "+f.in("launch-modules")) {
		t.Errorf("the layer is not reused:\n%s", f.log.String())
	}
}
