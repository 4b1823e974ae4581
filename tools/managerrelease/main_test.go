package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/node/managerreleases"
)

// The document says what the table has.
func TestTheDocumentIsUpToDate(t *testing.T) {
	args := []string{"-check", "-table", "../../internal/node/managerreleases/releases.txt", "-document", "../../docs/package-managers.md"}
	if err := Run(context.Background(), args, io.Discard); err != nil {
		t.Error(err)
	}
}

func TestTheTableIsSortedAndComplete(t *testing.T) {
	text, err := os.ReadFile("../../internal/node/managerreleases/releases.txt")
	if err != nil {
		t.Fatal(err)
	}
	table, err := managerreleases.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(table.Encode(), text) {
		t.Error("the table is not as Encode writes it")
	}
	for manager, oldest := range managerreleases.Oldest {
		release, ok := table.Newest(manager)
		if !ok || release.Version.Major() < oldest {
			t.Errorf("%s: got %v, want a release for every host", manager, release)
		}
	}
}

// integrity is a checksum of 64 equal bytes.
func integrity(b byte) string {
	return "sha512-" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 64))
}

func TestUpdate(t *testing.T) {
	answers := map[string]string{
		"/pnpm":                      fmt.Sprintf(`{"versions":{"6.0.0":{},"9.1.0":{"engines":{"node":">=18"},"dist":{"integrity":%q}},"9.2.0-rc.1":{},"12.0.0":{"engines":{"node":">=18"},"dist":{"integrity":%q}}}}`, integrity(1), integrity(2)),
		"/@pnpm%2fexe.linux-x64":     fmt.Sprintf(`{"versions":{"12.0.0":{"dist":{"integrity":%q}}}}`, integrity(3)),
		"/@pnpm%2fexe.linux-arm64":   `{"versions":{}}`,
		"/yarn":                      `{"versions":{}}`,
		"/@yarnpkg%2fcli-dist":       `{"versions":{}}`,
		"/@oven%2fbun-linux-x64":     `{"versions":{}}`,
		"/@oven%2fbun-linux-aarch64": `{"versions":{}}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := answers[r.URL.EscapedPath()]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		io.WriteString(w, body)
	}))
	defer server.Close()
	table := filepath.Join(t.TempDir(), "releases.txt")
	update := func() error {
		return Run(context.Background(), []string{"-update", "-npm-registry", server.URL + "/", "-table", table}, io.Discard)
	}
	if err := update(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	_, rows, _ := strings.Cut(string(text), "range of Node.js\n")
	want := "pnpm 12.0.0 @pnpm/exe.linux-x64 " + integrity(3) + "\npnpm 12.0.0 pnpm " + integrity(2) + "\npnpm 9.1.0 pnpm " + integrity(1) + " >=18\n"
	if rows != want {
		t.Errorf("got\n%s\nwant\n%s", rows, want)
	}

	answers["/pnpm"] = `{"versions":{}}` // what is gone stays
	if err := update(); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(table); err != nil || !bytes.Equal(again, text) {
		t.Errorf("got %s, %v, want what there was", again, err)
	}

	answers["/pnpm"] = fmt.Sprintf(`{"versions":{"9.1.0":{"dist":{"integrity":%q}}}}`, integrity(9))
	if err := update(); err == nil || !strings.Contains(err.Error(), "which the table has") {
		t.Errorf("another checksum for a version: got %v, want an error", err)
	}
	delete(answers, "/yarn")
	if err := update(); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a registry without a package: got %v, want an error", err)
	}
}

func TestFlags(t *testing.T) {
	if err := Run(context.Background(), []string{"-update", "-check"}, io.Discard); err == nil {
		t.Error("-update and -check: want an error")
	}
	document := filepath.Join(t.TempDir(), "a.md")
	if err := os.WriteFile(document, []byte(begin+"old\n"+end), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"-check", "-table", "../../internal/node/managerreleases/releases.txt", "-document", document}
	if err := Run(context.Background(), args, io.Discard); err == nil || !strings.Contains(err.Error(), "stale") {
		t.Errorf("got %v, want that it is stale", err)
	}
	if err := os.WriteFile(document, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Run(context.Background(), args, io.Discard); err == nil || !strings.Contains(err.Error(), "want the lines") {
		t.Errorf("got %v, want that the lines are missing", err)
	}
}
