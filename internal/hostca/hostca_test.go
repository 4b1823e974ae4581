package hostca_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/cacerts/cacertstest"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/hostca"
)

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, path); err != nil {
		t.Fatal(err)
	}
}

// bound returns the entries of the binding, but for its type; nil when there is
// none.
func bound(t *testing.T, added, extra string) map[string]string {
	t.Helper()
	binding, err := hostca.Binding(added, t.TempDir(), env(map[string]string{"NODE_EXTRA_CA_CERTS": extra}))
	if err != nil {
		t.Fatal(err)
	}
	if binding == "" {
		return nil
	}
	entries, err := os.ReadDir(binding)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(binding, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = strings.TrimSpace(string(text))
	}
	if all["type"] != "ca-certificates" {
		t.Errorf("type: got %q", all["type"])
	}
	delete(all, "type")
	return all
}

// holds fails unless the entries are these certificates, whatever their names.
func holds(t *testing.T, got map[string]string, want ...string) {
	t.Helper()
	var texts []string
	for _, text := range got {
		texts = append(texts, text)
	}
	for i, text := range want {
		want[i] = strings.TrimSpace(text)
	}
	slices.Sort(texts)
	slices.Sort(want)
	if !slices.Equal(texts, want) {
		t.Errorf("got  %q\nwant %q", texts, want)
	}
}

func TestBindingHoldsWhatTheAdministratorAdded(t *testing.T) {
	added, elsewhere := t.TempDir(), t.TempDir()
	a, _ := cacertstest.Authority(t, "a")
	b, _ := cacertstest.Authority(t, "b")
	c, _ := cacertstest.Authority(t, "c")
	d, _ := cacertstest.Authority(t, "d")
	e, _ := cacertstest.Authority(t, "e")
	f, _ := cacertstest.Authority(t, "f")
	write(t, filepath.Join(added, "company.crt"), a)
	write(t, filepath.Join(added, "extra", "company.crt"), b) // a name that is there twice
	write(t, filepath.Join(added, "deep", "er", ".hidden.crt"), c)
	write(t, filepath.Join(elsewhere, "linked.pem"), d)
	link(t, filepath.Join(elsewhere, "linked.pem"), filepath.Join(added, "linked.crt"))
	write(t, filepath.Join(elsewhere, "folder", "in", "x.crt"), e)
	link(t, filepath.Join(elsewhere, "folder"), filepath.Join(added, "folder"))
	write(t, filepath.Join(added, "two.crt"), "# ours\n"+f+a)
	// What does not count.
	link(t, "..", filepath.Join(added, "extra", "loop"))
	link(t, "nowhere.crt", filepath.Join(added, "dangling.crt"))
	write(t, filepath.Join(added, "company.pem"), f)
	write(t, filepath.Join(added, "UPPER.CRT"), f)
	write(t, filepath.Join(added, "words.crt"), "trust me")
	if err := os.Mkdir(filepath.Join(added, "a folder.crt"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(added, "pipe.crt"), 0o644); err != nil {
		t.Fatal(err)
	}
	got := bound(t, added, "")
	holds(t, got, a, b, c, d, e, f+a)
	for name := range got {
		if name[0] == '.' {
			t.Errorf("got the hidden entry %s, which nobody reads", name)
		}
	}
}

func TestBindingHoldsTheFileThatNodeIsGivenInPlaceOfAll(t *testing.T) {
	added := t.TempDir()
	ours, _ := cacertstest.Authority(t, "ours")
	extra, key := cacertstest.Authority(t, "extra")
	write(t, filepath.Join(added, "ours.crt"), ours)
	for _, tc := range []struct{ name, file, text string }{
		{"a certificate", "company.pem", extra},
		{"a private key behind it stays here", "company.pem", extra + key},
		{"a private key before it stays here", "company.pem", key + extra},
		{"words around it", "company.pem", "subject=extra\n" + extra + "\nsecret words\n"},
		{"its older name", "company.pem", strings.ReplaceAll(extra, " CERTIFICATE", " X509 CERTIFICATE")},
		{"a file with the name of a binding's own", "type", extra},
		{"a hidden file", ".company.pem", extra},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), tc.file)
			write(t, file, tc.text)
			holds(t, bound(t, added, file), extra)
		})
	}
}

func TestWithoutCertificatesThereIsNoBinding(t *testing.T) {
	empty := t.TempDir()
	write(t, filepath.Join(empty, "words.crt"), "trust me")
	for _, added := range []string{empty, filepath.Join(empty, "nowhere")} {
		if got := bound(t, added, ""); got != nil {
			t.Errorf("%s: got %v", added, got)
		}
	}
}

func TestAFileThatCannotBePassedOnIsNamed(t *testing.T) {
	dir := t.TempDir()
	_, key := cacertstest.Authority(t, "a")
	write(t, filepath.Join(dir, "key.pem"), key)
	write(t, filepath.Join(dir, "damaged.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	for _, tc := range []struct{ name, file, want string }{
		{"one that is not there", "company.pem", "no such file"},
		{"a private key alone", "key.pem", "no certificate"},
		{"base64 that is no certificate", "damaged.pem", "no certificate"},
		{"a folder", ".", "no file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := filepath.Join(dir, tc.file)
			_, err := hostca.Binding(t.TempDir(), t.TempDir(), env(map[string]string{"NODE_EXTRA_CA_CERTS": file}))
			if !errors.Is(err, &failure.Failure{ID: "host-ca-unusable"}) || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}
