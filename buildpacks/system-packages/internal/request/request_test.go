package request_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/request"
	"github.com/armature-cnb/armature/internal/failure"
)

func read(t *testing.T, variable, file string) ([]request.Package, error) {
	t.Helper()
	dir := t.TempDir()
	if file != "" {
		if err := os.WriteFile(filepath.Join(dir, request.File), []byte(file), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return request.Read(dir, func(name string) string {
		return map[string]string{request.Variable: variable}[name]
	})
}

func TestRead(t *testing.T) {
	for _, row := range []struct{ name, variable, file, want string }{
		{"nothing", "", "", ""},
		{"only blanks and commas", " , ", "\n# none\n", ""},
		{"blanks and commas", "bb, aa  cc,dd", "", "aa bb cc dd"},
		{"a version with an epoch", "ffmpeg=7:7.1.2-0+deb13u1", "", "ffmpeg=7:7.1.2-0+deb13u1"},
		{"a name that ends with a plus", "g++", "", "g++"},
		{"a file with comments", "", "# fonts\nfonts-dejavu # all\r\n\nffmpeg imagemagick\n", "ffmpeg fonts-dejavu imagemagick"},
		{"both, one pinned", "aa bb=1", "aa=2\nbb\n", "aa=2 bb=1"},
		{"twice the same", "aa aa=1 aa=1", "", "aa=1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			all, err := read(t, row.variable, row.file)
			var got []string
			for _, p := range all {
				got = append(got, p.String())
			}
			if err != nil || strings.Join(got, " ") != row.want {
				t.Errorf("got %q, %v, want %q", got, err, row.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	for _, row := range []struct{ name, variable, file, id, says string }{
		{"an option of apt", "--allow-unauthenticated", "", "apt-package-invalid", `BP_APT_PACKAGES has "--allow-unauthenticated"`},
		{"what apt would remove", "ffmpeg-", "", "apt-package-invalid", `"ffmpeg-"`},
		{"another architecture", "ffmpeg:amd64", "", "apt-package-invalid", "the target's"},
		{"a release", "ffmpeg/sid", "", "apt-package-invalid", `"ffmpeg/sid"`},
		{"an empty version", "ffmpeg=", "", "apt-package-invalid", `"ffmpeg="`},
		{"a pattern", "lib*", "", "apt-package-invalid", `"lib*"`},
		{"two versions", "aa=1", "aa=2", "apt-package-invalid", "1 (BP_APT_PACKAGES) and 2 (Aptfile, line 1)"},
		{"an address", "", "aa\nhttps://example.com/a.deb\n", "aptfile-line-unsupported", "Aptfile, line 2"},
		{"an archive", "", ":repo:deb http://example.com x main\n", "aptfile-line-unsupported", "apt-sources"},
		{"upper case in the file", "", "FFmpeg", "apt-package-invalid", `Aptfile, line 1 has "FFmpeg"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := read(t, row.variable, row.file)
			if !errors.Is(err, &failure.Failure{ID: row.id}) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want [%s] with %s", err, row.id, row.says)
			}
		})
	}
}
