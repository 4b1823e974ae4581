//go:build linux

package integration_test

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/oci"
)

// mark is the prefix of every secret in these tests, so that one search finds
// all of them. After "somebody:" it fills whole groups of base64.
const mark = "armature-canary"

// marks are the prefixes of secrets, plain and as sent to registries.
var marks = [][]byte{[]byte(mark), []byte(secret(mark).login())}

// secret must not occur in any result.
type secret string

// login returns the secret as a password in a Docker config or a header.
func (s secret) login() string { return base64.StdEncoding.EncodeToString([]byte("somebody:" + s)) }

func (s secret) notInLog(t *testing.T, b built) {
	t.Helper()
	if strings.Contains(b.log, string(s)) || strings.Contains(b.log, s.login()) {
		t.Errorf("it is in the log:\n%s", b.log)
	}
}

// secretBuilds is held by builds with secrets while they run, since their own
// work folders contain them. Searches wait for all of them.
var secretBuilds sync.RWMutex

// looked caches by digest whether a content has a secret: builds share most of
// their contents.
var looked sync.Map // v1.Hash: bool

// holdsSecret reports whether a content, which may be compressed, has a secret.
func holdsSecret(digest v1.Hash, open func() (io.ReadCloser, error)) (bool, error) {
	if found, ok := looked.Load(digest); ok {
		return found.(bool), nil
	}
	content, err := open()
	if err != nil {
		return false, err
	}
	defer content.Close()
	plain, err := inflated(content)
	if err != nil {
		return false, err
	}
	found, err := hasMark(plain)
	if err == nil {
		looked.Store(digest, found)
	}
	return found, err
}

// inflated returns the decompressed content.
func inflated(content io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(content)
	if head, _ := buffered.Peek(10); len(head) < 10 || !bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}) { // RFC 1952, 2.3
		return buffered, nil
	}
	return gzip.NewReader(buffered)
}

func hasMark(r io.Reader) (bool, error) {
	piece, kept := make([]byte, 1<<17), 0
	for {
		n, err := r.Read(piece[kept:])
		text := piece[:kept+n]
		if slices.ContainsFunc(marks, func(one []byte) bool { return bytes.Contains(text, one) }) {
			return true, nil
		}
		kept = copy(piece, text[max(0, len(text)-len(marks[1])):]) // overlap: a mark may continue in the next piece
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// noSecretBelow searches the files of a folder that were created or renamed
// since a time. It skips the root file systems of builders.
func noSecretBelow(t *testing.T, dir string, since time.Time) {
	t.Helper()
	secretBuilds.Lock()
	defer secretBuilds.Unlock()
	waitForTrash(t, dir)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // another call's work
			return nil
		case err != nil:
			return err
		case entry.IsDir() && filepath.Base(filepath.Dir(path)) == "roots" && !strings.Contains(entry.Name(), "-seed"):
			return fs.SkipDir
		case entry.IsDir() && isOfBuilder(path):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		found, err := fileHoldsSecret(path, since)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if found {
			t.Errorf("a secret is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// waitForTrash waits until the current content of armature's trash is removed;
// more may come meanwhile.
func waitForTrash(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Join(dir, "trash"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); len(left) > 0; time.Sleep(50 * time.Millisecond) {
		left = slices.DeleteFunc(left, func(entry fs.DirEntry) bool {
			_, err := os.Lstat(filepath.Join(dir, "trash", entry.Name()))
			return errors.Is(err, fs.ErrNotExist)
		})
		if time.Now().After(end) {
			t.Errorf("%d entries of the trash are still there", len(left))
			return
		}
	}
}

// fileHoldsSecret searches a file, unless it is unchanged since a time.
func fileHoldsSecret(path string, since time.Time) (bool, error) {
	var info unix.Stat_t
	if err := unix.Lstat(path, &info); err != nil || time.Unix(info.Ctim.Unix()).Before(since) {
		return false, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	digest, _, err := v1.SHA256(bytes.NewReader(text))
	if err != nil {
		return false, err
	}
	found, err := holdsSecret(digest, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil })
	if errors.Is(err, io.ErrUnexpectedEOF) { // another call is writing it
		err = nil
	}
	return found, err
}

// isOfBuilder reports whether a folder is a large one of an unpacked builder: a
// chroot has hard links to them, which are in the trash afterwards.
func isOfBuilder(path string) bool {
	switch filepath.Base(path) {
	case "usr", "cnb":
		_, err := os.Lstat(filepath.Join(filepath.Dir(path), "cnb/lifecycle"))
		return err == nil
	}
	return false
}

func noSecretInImage(t *testing.T, image v1.Image) {
	t.Helper()
	if part, err := imageHoldsSecret(image); err != nil || part != "" {
		t.Errorf("a secret is in the image's %s, %v", part, err)
	}
}

// imageHoldsSecret searches an image's manifest, configuration and layers, and
// returns which of them has a secret.
func imageHoldsSecret(image v1.Image) (string, error) {
	for part, read := range map[string]func() ([]byte, error){"configuration": image.RawConfigFile, "manifest": image.RawManifest} {
		text, err := read()
		if err != nil {
			return "", err
		}
		if found, err := hasMark(bytes.NewReader(text)); err != nil || found {
			return part, err
		}
	}
	layers, err := image.Layers()
	if err != nil {
		return "", err
	}
	for _, layer := range layers {
		digest, err := layer.Digest()
		if err != nil {
			return "", err
		}
		if found, err := holdsSecret(digest, layer.Compressed); err != nil || found {
			return "layer " + digest.String(), err
		}
	}
	return "", nil
}

// forFiles calls see for everything in an image's layers.
func forFiles(t *testing.T, image v1.Image, see func(name string, text []byte)) {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		content, err := layer.Compressed()
		if err != nil {
			t.Fatal(err)
		}
		plain, err := inflated(content)
		if err != nil {
			t.Fatal(err)
		}
		archive := tar.NewReader(plain)
		for {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			text := make([]byte, header.Size)
			if _, err := io.ReadFull(archive, text); err != nil {
				t.Fatal(err)
			}
			see(header.Name, text)
		}
		content.Close()
	}
}

// The search finds secrets in every form, so that its negative results mean
// something.
func TestTheSearchFindsSecrets(t *testing.T) {
	const one = secret(mark + "-of-the-search")
	begin := time.Now().Truncate(time.Second)
	filler := strings.Repeat("x", 1<<17-5) // so that it spans two pieces
	for name, text := range map[string]string{"as it is": string(one), "as a login": one.login(), "far inside": filler + string(one), "not": filler + "armature-canar"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			layer, err := oci.WriteLayer(filepath.Join(dir, "layer"), []oci.File{{Path: "app/file", Type: tar.TypeReg, Mode: 0o644, Content: []byte(text)}})
			if err != nil {
				t.Fatal(err)
			}
			image, err := mutate.AppendLayers(empty.Image, layer)
			if err != nil {
				t.Fatal(err)
			}
			writeFiles(t, dir, map[string]string{"file": text})
			for range 2 { // the second time it is known
				for _, path := range []string{"file", "layer"} {
					if found, err := fileHoldsSecret(filepath.Join(dir, path), begin); err != nil || found != (name != "not") {
						t.Errorf("%s: got %v, %v", path, found, err)
					}
				}
				if found, err := imageHoldsSecret(image); err != nil || (found != "") != (name != "not") {
					t.Errorf("the image: got %q, %v", found, err)
				}
			}
		})
	}
}
