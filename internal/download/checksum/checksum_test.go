package checksum_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/download/checksum"
)

const emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, in, want string
		bad            bool
	}{
		{name: "sha256", in: "sha256:" + emptySHA256, want: "sha256:" + emptySHA256},
		{name: "sha512", in: "sha512:" + strings.Repeat("0f", 64), want: "sha512:" + strings.Repeat("0f", 64)},
		{name: "upper case", in: "sha256:" + strings.ToUpper(emptySHA256), want: "sha256:" + emptySHA256},
		{name: "no algorithm", in: emptySHA256, bad: true},
		{name: "an algorithm that is too weak", in: "sha1:" + strings.Repeat("0f", 20), bad: true},
		{name: "not hexadecimal", in: "sha256:" + strings.Repeat("zz", 32), bad: true},
		{name: "a digit short", in: "sha256:" + emptySHA256[1:], bad: true},
		{name: "a byte short", in: "sha256:" + emptySHA256[2:], bad: true},
		{name: "sha512's name on sha256's digest", in: "sha512:" + emptySHA256, bad: true},
		{name: "nothing", in: "", bad: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := checksum.Parse(tc.in)
			if (err != nil) != tc.bad {
				t.Fatalf("got %v, %v", got, err)
			}
			if !tc.bad && got.String() != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestOfNothingWritten(t *testing.T) {
	c, err := checksum.Parse("sha256:" + emptySHA256)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Of(c.New()); got != c {
		t.Errorf("got %s, want %s", got, c)
	}
	if c.FileName() != "sha256-"+emptySHA256 {
		t.Errorf("got %s", c.FileName())
	}
}

// The names of folders and files of a buildpackage follow from these.
func TestNames(t *testing.T) {
	c, err := checksum.Parse("sha256:" + emptySHA256)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.FolderName(), "sha256-e3b0c44298fc1c149afbf4c8"; got != want {
		t.Errorf("folder: got %s, want %s", got, want)
	}
	if got, want := c.Short(), "sha256:e3b0c44298fc"; got != want {
		t.Errorf("short: got %s, want %s", got, want)
	}
	if c.IsZero() || !(checksum.Checksum{}).IsZero() {
		t.Error("a checksum is taken for none, or none for one")
	}
	if got := (checksum.Checksum{}).Short(); got != ":" {
		t.Errorf("short, of none: got %s", got)
	}
}

func TestVerify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Those of "abc" as FIPS 180-4 has them in its examples.
	right := map[string]string{
		"sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha512": "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
	}
	for _, algorithm := range []string{"sha256", "sha512"} {
		c, err := checksum.Parse(algorithm + ":" + right[algorithm])
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Verify(path); err != nil {
			t.Errorf("%s: got %v", algorithm, err)
		}
		other, _ := checksum.Parse(algorithm + ":0" + right[algorithm][1:])
		var mismatch *checksum.MismatchError
		if err := other.Verify(path); !errors.As(err, &mismatch) || mismatch.Got != c || mismatch.Want != other || mismatch.Name != path {
			t.Errorf("%s of other bytes: got %v", algorithm, err)
		}
		if err := c.Verify(path + "-not"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s of nothing: got %v", algorithm, err)
		}
		if err := c.Verify(filepath.Dir(path)); err == nil {
			t.Errorf("%s of a folder: got no error", algorithm)
		}
	}
	if links := open(t, path); links > 0 {
		t.Errorf("the file is still open %d times", links)
	}
}

// open counts how often this process has a file open.
func open(t *testing.T, path string) (count int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(links) == 0 {
		t.Skipf("this system does not list open files: %v", err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == path {
			count++
		}
	}
	return count
}
