// Package checksum holds the digests that downloads are pinned to.
package checksum

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
)

// Checksum is an algorithm and a digest. The zero value pins nothing; get one
// from [Parse].
type Checksum struct {
	Algorithm string // "sha256" or "sha512"
	Hex       string // lower case, with the algorithm's length
}

var algorithms = map[string]func() hash.Hash{
	"sha256": sha256.New,
	"sha512": sha512.New,
}

// Parse reads "<algorithm>:<hex>". Upper-case digits are accepted.
func Parse(text string) (Checksum, error) {
	algorithm, digits, found := strings.Cut(text, ":")
	newHash := algorithms[algorithm]
	if !found || newHash == nil {
		return Checksum{}, fmt.Errorf("checksum %q: want sha256:<hex> or sha512:<hex>", text)
	}
	digest, err := hex.DecodeString(digits)
	if err != nil {
		return Checksum{}, fmt.Errorf("checksum %q: %w", text, err)
	}
	if want := newHash().Size(); len(digest) != want {
		return Checksum{}, fmt.Errorf("checksum %q: got %d bytes, want %d", text, len(digest), want)
	}
	return Checksum{Algorithm: algorithm, Hex: strings.ToLower(digits)}, nil
}

// Of returns the checksum of what has been written to h, which must be a hash
// of the same algorithm.
func (c Checksum) Of(h hash.Hash) Checksum {
	return Checksum{Algorithm: c.Algorithm, Hex: hex.EncodeToString(h.Sum(nil))}
}

// New returns a fresh hash of the checksum's algorithm.
func (c Checksum) New() hash.Hash { return algorithms[c.Algorithm]() }

// IsZero reports whether there is no checksum.
func (c Checksum) IsZero() bool { return c == Checksum{} }

// String is "<algorithm>:<hex>".
func (c Checksum) String() string { return c.Algorithm + ":" + c.Hex }

// FileName is "<algorithm>-<hex>", the name under which an archive with this
// checksum is baked into a buildpack's dependencies folder.
func (c Checksum) FileName() string { return c.Algorithm + "-" + c.Hex }

// FolderName is "<algorithm>-<first 24 digits>", the name of the folder there
// with the archive's content: with all digits, its paths would be too long for
// the tar archives of buildpackages.
func (c Checksum) FolderName() string { return c.Algorithm + "-" + c.Hex[:min(24, len(c.Hex))] }

// Short is the algorithm and the first 12 digits, for the log.
func (c Checksum) Short() string { return c.Algorithm + ":" + c.Hex[:min(12, len(c.Hex))] }

// MismatchError is the error for bytes with another checksum than the pinned
// one. A retry, or another source, does not help.
type MismatchError struct {
	Name      string // the file or the address, without credentials
	Got, Want Checksum
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("checksum of %s: got %s, want %s", e.Name, e.Got, e.Want)
}

// Verify hashes the file at path. Other bytes than the pinned ones are a
// [*MismatchError].
func (c Checksum) Verify(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	h := c.New()
	if _, err := io.Copy(h, file); err != nil {
		return fmt.Errorf("hashing %s: %w", path, err)
	}
	if got := c.Of(h); got != c {
		return &MismatchError{Name: path, Got: got, Want: c}
	}
	return nil
}

// FromIntegrity reads a sha512 in the form of package registries:
// "sha512-<base64>" (W3C Subresource Integrity). Of several words, each of them
// a digest, the first sha512 counts.
func FromIntegrity(text string) (Checksum, error) {
	for word := range strings.FieldsSeq(text) {
		encoded, ok := strings.CutPrefix(word, "sha512-")
		if !ok {
			continue
		}
		encoded, _, _ = strings.Cut(encoded, "?") // options
		digest, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return Checksum{}, fmt.Errorf("checksum %q: %w", word, err)
		}
		return Parse("sha512:" + hex.EncodeToString(digest))
	}
	return Checksum{}, fmt.Errorf("checksum %q: want sha512-<base64>", text)
}

// Integrity is "<algorithm>-<base64>", the form of package registries.
func (c Checksum) Integrity() string {
	digest, _ := hex.DecodeString(c.Hex) // Parse has checked it
	return c.Algorithm + "-" + base64.StdEncoding.EncodeToString(digest)
}
