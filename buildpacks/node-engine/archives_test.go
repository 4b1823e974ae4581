package nodeengine_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/files/archive"
)

// put adds an archive to the server, and returns its checksum.
func (f *fixture) put(t *testing.T, path string, names ...string) string {
	t.Helper()
	f.files[path] = tgz(t, names...)
	digest := sha512.Sum512(f.files[path])
	return "sha512:" + hex.EncodeToString(digest[:])
}

// releases is a buildpack.toml for the versions above.
func (f *fixture) releases(t *testing.T) string {
	var b strings.Builder
	b.WriteString(head)
	for _, l := range lines {
		fmt.Fprintf(&b, "[[metadata.lines]]\nline = %d\ncodename = %q\nlts = %q\nend-of-life = %q\n", l.number, l.codename, l.lts, l.endOfLife)
	}
	npm := f.put(t, "/registry/npm/-/npm-11.0.0.tgz",
		"package/bin/npm-cli.js=npm of the registry", "package/bin/npx-cli.js=npx of the registry", "package/package.json={}")
	fmt.Fprintf(&b, "[[metadata.npm-releases]]\nversion = \"11.0.0\"\nchecksum = %q\n", npm)
	for _, version := range versions {
		for _, tg := range targets.All() {
			if version == "24.2.0" && tg != targets.LinuxARM64 {
				continue
			}
			b.WriteString(f.release(t, version, tg))
		}
	}
	return b.String()
}

func (f *fixture) release(t *testing.T, version string, tg targets.Target) string {
	node := fmt.Sprintf("node %s for %s", version, tg)
	root := fmt.Sprintf("node-v%s-linux-%s", version, tg.Node())
	dist := fmt.Sprintf("/dist/v%s/%s.tar.gz", version, root)
	sum := f.put(t, dist, root+"/LICENSE=license", root+"/README.md=no", root+"/bin/node="+node,
		root+"/include/node/node.h=header", root+"/include/node/openssl/archs/linux-aarch64/x.h=arm64",
		root+"/include/node/openssl/archs/solaris-x86-gcc/x.h=no", root+"/lib/node_modules/corepack/x.js=no",
		root+"/lib/node_modules/npm/bin/npm-cli.js=npm of nodejs.org", root+"/lib/node_modules/npm/bin/npx-cli.js=npx of nodejs.org",
		root+"/share/man/man1/node.1=no")
	name := "node-linux-" + tg.Node()
	npmSum := f.put(t, fmt.Sprintf("/registry/%s/-/%s-%s.tgz", name, name, version),
		"package/bin/node="+node, "package/LICENSE=license", "package/include/node/node.h=header", "package/share/man/x=no")
	major, _, _ := strings.Cut(version, ".")
	end := ""
	for _, l := range lines {
		if fmt.Sprint(l.number) == major {
			end = l.endOfLife
		}
	}
	return fmt.Sprintf(`[[metadata.dependencies]]
id = "node"
name = "Node.js"
version = %q
os = "linux"
arch = %q
uri = "%s%s"
checksum = %q
licenses = ["MIT"]
deprecation_date = %sT00:00:00Z
npm-version = "11.0.0"
npm-package = %q
npm-checksum = %q
`, version, tg.Arch, f.nodejs.URL, dist, sum, end, name, npmSum)
}

// archives are those that were made, by their files: every fixture has the same.
var archives sync.Map

// tgz makes an archive of "<name>=<content>" files. Nobody changes its bytes.
func tgz(t *testing.T, files ...string) []byte {
	t.Helper()
	key := strings.Join(files, "\x00")
	if made, ok := archives.Load(key); ok {
		return made.([]byte)
	}
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	entries := tar.NewWriter(zipped)
	for _, file := range files {
		name, content, _ := strings.Cut(file, "=")
		mode := int64(0o644)
		if strings.HasSuffix(name, "bin/node") {
			mode = 0o755
		}
		if err := entries.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := entries.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := entries.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	archives.Store(key, b.Bytes())
	return b.Bytes()
}

// bakeUnpacked puts an archive's content into the buildpack.
func (f *fixture) bakeUnpacked(t *testing.T, content []byte) {
	t.Helper()
	pin, err := checksum.Parse(digest(content))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "archive")
	dir := filepath.Join(f.buildpack, "dependencies", pin.FolderName())
	if err := errors.Join(os.WriteFile(path, content, 0o644), os.MkdirAll(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := archive.Unpack(context.Background(), path, dir, archive.Selection{Dirs: map[string]string{"": ""}}); err != nil {
		t.Fatal(err)
	}
}
