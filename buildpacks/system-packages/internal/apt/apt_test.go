package apt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

const keyring = "/keys/debian.pgp"

var debian = System{List: "/none", Keyring: keyring}

func TestSourcesOfASetting(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"one line", "deb http://mirror.example.com/debian trixie main", "deb [signed-by=" + keyring + "] http://mirror.example.com/debian trixie main"},
		{"a comment and two lines", "# a\ndeb https://a.example/ trixie main contrib ; deb http://b.example x/", "deb [signed-by=" + keyring + "] https://a.example/ trixie main contrib\ndeb [signed-by=" + keyring + "] http://b.example x/"},
		{"a snapshot", "deb [check-valid-until=no] http://a.example/ trixie main", "deb [signed-by=" + keyring + " check-valid-until=no] http://a.example/ trixie main"},
	} {
		t.Run(row.name, func(t *testing.T) {
			all, err := debian.OfSetting(row.text)
			var got []string
			for _, s := range all {
				got = append(got, s.line())
			}
			if err != nil || strings.Join(got, "\n") != row.want {
				t.Errorf("got %q, %v, want %q", got, err, row.want)
			}
		})
	}
}

// What a user writes must not take the check of signatures away, or reach into apt's
// other options and files.
func TestSourcesThatAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "# none", "deb-src http://a.example/ trixie main", "http://a.example/ trixie main", "deb http://a.example/ trixie",
		"deb [trusted=yes] http://a.example/ trixie main", "deb [allow-insecure=yes] http://a.example/ trixie main", "deb [signed-by=/x] http://a.example/ trixie main",
		"deb [ arch=amd64 ] http://a.example/ trixie main", "deb http://a.example/ [trusted=yes] trixie main", "deb file:/srv trixie main", "deb copy:/srv trixie main",
		"deb mirror+file:/x trixie main", "deb /srv trixie main", "deb http:///x trixie main", "Types: deb", `deb "http://a.example/" trixie main`,
	} {
		if got, err := debian.OfSetting(text); !errors.Is(err, &failure.Failure{ID: "apt-sources-invalid"}) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}

func TestSourcesOfTheBuildImage(t *testing.T) {
	list := filepath.Join(t.TempDir(), "sources.list")
	if _, err := (System{List: list}).Sources(); !errors.Is(err, &failure.Failure{ID: "apt-missing"}) {
		t.Errorf("without a list: got %v", err)
	}
	if err := os.WriteFile(list, []byte("deb [signed-by=/keys/debian.pgp] http://a.example/debian/ trixie main\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := (System{List: list, Keyring: keyring}).Sources(); err != nil || len(got) != 1 || got[0].Keyring != keyring || got[0].Suite != "trixie" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func binding(t *testing.T, entries map[string]string) servicebindings.Binding {
	t.Helper()
	b := servicebindings.Binding{Name: "own", Type: BindingType, Entries: map[string]*servicebindings.Entry{}}
	for name, text := range entries {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		b.Entries[name] = servicebindings.NewEntry(path)
	}
	return b
}

func TestSourcesOfABinding(t *testing.T) {
	const line = "deb https://own.example/ stable main"
	for _, row := range []struct {
		name    string
		entries map[string]string
		keyring string // its extension
		says    string // of the error
	}{
		{"with keys as text", map[string]string{"sources.list": line, "own.gpg": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"}, ".asc", ""},
		{"with keys in binary", map[string]string{"sources.list": line, "own.asc": "\x99\x01"}, ".pgp", ""},
		{"with Debian's keys", map[string]string{"sources.list": line}, keyring, ""},
		{"without lines", map[string]string{"own.gpg": "x"}, "", "no entry sources.list"},
		{"with two files of keys", map[string]string{"sources.list": line, "a.asc": "x", "b.asc": "x"}, "", "two files of keys"},
	} {
		t.Run(row.name, func(t *testing.T) {
			all, err := debian.OfBindings([]servicebindings.Binding{{Type: "other"}, binding(t, row.entries)}, t.TempDir())
			if row.says != "" {
				if !errors.Is(err, &failure.Failure{ID: "apt-sources-invalid"}) || !strings.Contains(err.Error(), row.says) {
					t.Errorf("got %v, want %s", err, row.says)
				}
				return
			}
			if err != nil || len(all) != 1 || all[0].URI != "https://own.example/" || !strings.HasSuffix(all[0].Keyring, row.keyring) {
				t.Errorf("got %+v, %v", all, err)
			}
		})
	}
}

func TestAPasswordIsNotShown(t *testing.T) {
	s := Source{URI: "https://me:secret@a.example/debian", Suite: "trixie"}
	if got := s.Place(); strings.Contains(got, "secret") || !strings.Contains(got, "a.example/debian trixie") {
		t.Errorf("got %q", got)
	}
}

func TestParseSelected(t *testing.T) {
	got, err := parseSelected("'http://a.example/pool/ffmpeg_7.1_arm64.deb' ffmpeg_7%3a7.1-0+deb13u1_arm64.deb 123 SHA256:ab\n")
	want := Selected{Name: "ffmpeg", Version: "7:7.1-0+deb13u1", Arch: "arm64", SHA256: "ab", Size: 123, File: "ffmpeg_7%3a7.1-0+deb13u1_arm64.deb"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, line := range []string{"'x' a_1_all.deb 1 MD5Sum:ab", "'x' a_1_all.deb x SHA256:ab", "'x' ../a_1_all.deb 1 SHA256:ab", "'x' a.deb 1 SHA256:ab", "'x' a_1_all.deb 1", "'x' a_%zz_all.deb 1 SHA256:ab"} {
		if got, err := parseSelected(line); err == nil {
			t.Errorf("%s: got %+v, want an error", line, got)
		}
	}
}

func TestInstalledPackagesNeedNothing(t *testing.T) {
	got := string(installed([]byte("Package: libc6\nVersion: 1\nDepends: x,\n y\nProvides: z\nDescription: d\n more\n\n\nPackage: b\nStatus: install ok installed\nVersion: 2")))
	want := "Package: libc6\nVersion: 1\nProvides: z\n" + held + "\nPackage: b\nVersion: 2\n" + held + "\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if versions := Versions([]byte(got)); len(versions) != 2 || versions["libc6"] != "1" || versions["b"] != "2" {
		t.Errorf("got %v", versions)
	}
}

func TestFaults(t *testing.T) {
	t.Setenv("PATH", "/none") // the archive is not asked
	for _, row := range []struct {
		name, output, id, says string
		transient              bool
	}{
		{"no network", "Err:1 http://a.example trixie InRelease\n  Temporary failure resolving 'a.example'\nE: Failed to fetch http://a.example/x  Temporary failure resolving 'a.example'\n", "apt-archive-unreachable", "Temporary failure", true},
		{"a server that is closed", "E: Failed to fetch http://127.0.0.1:1/x  Could not connect to 127.0.0.1:1 (127.0.0.1). - connect (111: Connection refused)\n", "apt-archive-unreachable", "Connection refused", true},
		{"a mirror in the middle of a change", "E: Failed to fetch http://a.example/x  Hash Sum mismatch\n", "apt-archive-unreachable", "Hash Sum", true},
		{"no signature", "E: The repository 'http://a.example trixie InRelease' is not signed.\n", "apt-archive-untrusted", "is not signed", false},
		{"another key", "W: OpenPGP signature verification failed: http://a.example trixie InRelease: Sub-process /usr/bin/sqv returned an error code (1), error message is: Missing key ABC\nE: Failed to fetch x\n", "apt-archive-untrusted", "Missing key ABC", false},
		{"an authority nobody knows", "E: Failed to fetch https://a.example/x  SSL connection failed: certificate verify failed\n", "apt-archive-untrusted", "ca-certificates", false},
		{"an old index", "E: Release file for http://a.example/x is expired (invalid since 9d)\n", "apt-archive-untrusted", "check-valid-until=no", false},
		{"no such suite", "E: The repository 'http://a.example nosuch Release' does not have a Release file.\n", "apt-archive-incomplete", "BP_APT_SOURCES", false},
		{"a package that is gone", "E: Failed to fetch http://a.example/x.deb  404  Not Found [IP: 1.2.3.4 80]\n", "apt-archive-incomplete", "404", false},
		{"a conflict", "The following packages have unmet dependencies:\n x : Depends: libc6 (>= 3) but 2 is to be installed\nE: Unable to correct problems, you have held broken packages.\n", "apt-packages-conflict", "libc6 (>= 3)", false},
		{"a full disk", "E: Write error - write (28: No space left on device)\n", "disk-full", "", false},
		{"no such package", "E: Unable to locate package ffmpge\n", "apt-package-unknown", `got the package "ffmpge"`, false},
		{"a virtual package", "E: Package 'awk' has no installation candidate\n", "apt-package-unknown", `got the package "awk"`, false},
		{"no such version", "E: Version '1' for 'ffmpeg' was not found\n", "apt-version-unknown", "got ffmpeg=1", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := Apt{Work: t.TempDir(), Target: targets.LinuxARM64, Environ: environ.List{"PATH=/none"}}
			err := a.fault("asking", row.output, errors.New("exit status 100"))
			var failed *failure.Failure
			if !errors.As(err, &failed) || failed.ID != row.id || failed.Transient != row.transient || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want [%s] with %s", err, row.id, row.says)
			}
		})
	}
	if err := (Apt{}).fault("asking", "E: something else\n", errors.New("exit status 100")); err == nil || !strings.Contains(err.Error(), "E: something else") {
		t.Errorf("got %v", err)
	}
}

func TestProxiesInUpperCaseAreForApt(t *testing.T) {
	a := Apt{Work: "/w", Environ: environ.List{"HTTP_PROXY=http://p", "https_proxy=http://q", "HTTPS_PROXY=http://r"}}
	env := a.environ()
	if env.Get("http_proxy") != "http://p" || env.Get("https_proxy") != "http://q" || env.Get("APT_CONFIG") != "/w/apt.conf" {
		t.Errorf("got %v", env)
	}
}

func TestWhatAnImageHasNoUseFor(t *testing.T) {
	if err := Unsupported("systemd", "Aptfile, line 1"); !errors.Is(err, &failure.Failure{ID: "apt-package-unsupported"}) || !strings.Contains(err.Error(), "Aptfile, line 1 asks for systemd") {
		t.Errorf("got %v", err)
	}
	if err := Unsupported("ffmpeg", ""); err != nil {
		t.Error(err)
	}
}
