package systempackages_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
)

// archive is a signed Debian archive on loopback.
type archive struct {
	t     *testing.T
	dir   string
	url   string
	key   *openpgp.Entity
	index bytes.Buffer
}

func newArchive(t *testing.T) *archive {
	t.Helper()
	key, err := openpgp.NewEntity("archive", "", "archive@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &archive{t: t, dir: t.TempDir(), key: key}
	server := httptest.NewServer(http.FileServer(http.Dir(a.dir)))
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// add adds a package: fields of its control file, and files by path, of which those
// of DEBIAN are control files. A text that begins with "->" is a link.
func (a *archive) add(control string, files map[string]string) {
	a.t.Helper()
	root := a.t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		a.t.Fatal(err)
	}
	stanza := control + "Maintainer: a <a@example.com>\nDescription: x\n"
	all := map[string]string{"DEBIAN/control": stanza}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			a.t.Fatal(err)
		}
		var err error
		if target, isLink := strings.CutPrefix(text, "->"); isLink {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o755)
		}
		if err != nil {
			a.t.Fatal(err)
		}
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(control, "Package: "), "\n")
	file := filepath.Join(a.dir, fmt.Sprintf("%s-%x.deb", name, sha256.Sum256([]byte(control))))
	if out, err := exec.Command("dpkg-deb", "--root-owner-group", "--build", root, file).CombinedOutput(); err != nil {
		a.t.Fatalf("%v: %s", err, out)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		a.t.Fatal(err)
	}
	fmt.Fprintf(&a.index, "%sFilename: ./%s\nSize: %d\nSHA256: %x\n\n", stanza, filepath.Base(file), len(content), sha256.Sum256(content))
	a.publish()
}

// publish writes the index and signs it.
func (a *archive) publish() {
	a.t.Helper()
	var signed bytes.Buffer
	text, err := clearsign.Encode(&signed, a.key.PrivateKey, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	fmt.Fprintf(text, "Origin: test\nSuite: test\nCodename: test\nDate: Mon, 01 Jan 2024 00:00:00 UTC\nArchitectures: arm64 amd64\nSHA256:\n %x %d Packages\n", sha256.Sum256(a.index.Bytes()), a.index.Len())
	if err := text.Close(); err != nil {
		a.t.Fatal(err)
	}
	a.write("Packages", a.index.Bytes())
	a.write("InRelease", signed.Bytes())
}

func (a *archive) write(name string, content []byte) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), content, 0o644); err != nil {
		a.t.Fatal(err)
	}
}

// keyring writes the archive's public key to a file and returns its path.
func (a *archive) keyring() string {
	a.t.Helper()
	path := filepath.Join(a.t.TempDir(), "archive.asc")
	file, err := os.Create(path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer file.Close()
	text, err := armor.Encode(file, openpgp.PublicKeyType, nil)
	if err == nil {
		err = a.key.Serialize(text)
	}
	if err == nil {
		err = text.Close()
	}
	if err != nil {
		a.t.Fatal(err)
	}
	return path
}
