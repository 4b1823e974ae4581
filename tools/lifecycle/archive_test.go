package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

// descriptor is one as the lifecycle's packager writes it.
const descriptor = `[apis]
[apis.buildpack]
  deprecated = []
  supported = ["0.7", "0.12"]
[apis.platform]
  deprecated = ["0.9", "0.13"]
  supported = ["0.7", "0.9", "0.11", "0.12", "0.13", "0.15"]
[api]
  platform = "0.7"
  buildpack = "0.7"
[lifecycle]
  version = "0.21.17"
  sbom-formats = ["application/vnd.cyclonedx+json"]
`

// packed writes an archive as the lifecycle's packager does, at some moment
// and under some umask.
func packed(t *testing.T, at time.Time, umask int64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "packed.tgz")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zip := gzip.NewWriter(file)
	w := tar.NewWriter(zip)
	for _, entry := range []struct {
		header  tar.Header
		content string
	}{
		{tar.Header{Name: "lifecycle.toml", Typeflag: tar.TypeReg, Mode: 0o666}, descriptor},
		{tar.Header{Name: "lifecycle", Typeflag: tar.TypeDir, Mode: 0o777}, ""},
		{tar.Header{Name: "lifecycle/LICENSE", Typeflag: tar.TypeReg, Mode: 0o666}, "text"},
		{tar.Header{Name: "lifecycle/creator", Typeflag: tar.TypeSymlink, Linkname: "lifecycle", Mode: 0o777}, ""},
		{tar.Header{Name: "lifecycle/lifecycle", Typeflag: tar.TypeReg, Mode: 0o777}, "program"},
	} {
		entry.header.ModTime, entry.header.Size = at, int64(len(entry.content))
		entry.header.Mode &^= umask
		if err := w.WriteHeader(&entry.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(entry.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func normalised(t *testing.T, from string, host, tgt targets.Target) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.tgz")
	if err := normalise(from, out, host, tgt); err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestTheArchiveIsReproducible(t *testing.T) {
	first := normalised(t, packed(t, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 0o022), targets.LinuxAMD64, targets.LinuxARM64)
	second := normalised(t, packed(t, time.Date(2027, 6, 7, 8, 9, 10, 0, time.UTC), 0o077), targets.LinuxAMD64, targets.LinuxARM64)
	if !bytes.Equal(first, second) {
		t.Error("two archives of the same programs differ")
	}
	zip, err := gzip.NewReader(bytes.NewReader(first))
	if err != nil {
		t.Fatal(err)
	}
	modes := map[string]int64{}
	for archive := tar.NewReader(zip); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !header.ModTime.Equal(oci.ModTime) {
			t.Errorf("%s: modified %s, want %s", header.Name, header.ModTime, oci.ModTime)
		}
		modes[header.Name] = header.Mode
	}
	for name, want := range map[string]int64{"lifecycle.toml": 0o644, "lifecycle": 0o755, "lifecycle/LICENSE": 0o644, "lifecycle/creator": 0o777, "lifecycle/lifecycle": 0o755} {
		if modes[name] != want {
			t.Errorf("%s: got mode %o, want %o", name, modes[name], want)
		}
	}
}

func TestABuilderForAnotherArchitectureOffersThePlatformAPIsThatCanSaySo(t *testing.T) {
	for _, tc := range []struct {
		name                  string
		host, target          targets.Target
		supported, deprecated []string
		oldest                string
	}{
		{"arm64 on amd64", targets.LinuxAMD64, targets.LinuxARM64, []string{"0.12", "0.13", "0.15"}, []string{"0.13"}, "0.12"},
		{"amd64 on arm64", targets.LinuxARM64, targets.LinuxAMD64, []string{"0.12", "0.13", "0.15"}, []string{"0.13"}, "0.12"},
		{"amd64 on amd64", targets.LinuxAMD64, targets.LinuxAMD64, []string{"0.7", "0.9", "0.11", "0.12", "0.13", "0.15"}, []string{"0.9", "0.13"}, "0.7"},
		{"arm64 on arm64", targets.LinuxARM64, targets.LinuxARM64, []string{"0.7", "0.9", "0.11", "0.12", "0.13", "0.15"}, []string{"0.9", "0.13"}, "0.7"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			made, err := describe([]byte(descriptor), tc.host, tc.target)
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				API  struct{ Platform, Buildpack string }
				APIs struct {
					Platform, Buildpack struct{ Supported, Deprecated []string }
				}
				Lifecycle struct {
					Version string
					Formats []string `toml:"sbom-formats"`
				}
			}
			if err := toml.Unmarshal(made, &got); err != nil {
				t.Fatal(err)
			}
			if p := got.APIs.Platform; !slices.Equal(p.Supported, tc.supported) || !slices.Equal(p.Deprecated, tc.deprecated) {
				t.Errorf("platform APIs: got %+v, want %q supported and %q deprecated", p, tc.supported, tc.deprecated)
			}
			if got.API.Platform != tc.oldest || got.API.Buildpack != "0.7" {
				t.Errorf("oldest APIs: got %+v, want platform %s and buildpack 0.7", got.API, tc.oldest)
			}
			if !slices.Equal(got.APIs.Buildpack.Supported, []string{"0.7", "0.12"}) || got.Lifecycle.Version != "0.21.17" || len(got.Lifecycle.Formats) != 1 {
				t.Errorf("the rest of the descriptor: got %+v", got)
			}
		})
	}
}

func TestALifecycleThatIsTooOldForAPairIsRefused(t *testing.T) {
	old := "[apis.platform]\n  supported = [\"0.7\", \"0.11\"]\n"
	if made, err := describe([]byte(old), targets.LinuxAMD64, targets.LinuxARM64); err == nil {
		t.Errorf("got %s, want an error", made)
	}
}
