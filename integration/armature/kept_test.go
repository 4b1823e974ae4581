//go:build linux

package integration_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// listing is a build script that writes into the image what the build's
// node_modules had.
const listing = `const fs = require("fs"), path = require("path"), crypto = require("crypto"), all = []
const sum = file => crypto.createHash("sha256").update(fs.readFileSync(file)).digest("hex")
const list = dir => fs.readdirSync(dir).sort().forEach(name => {
  const file = path.join(dir, name), info = fs.lstatSync(file)
  all.push([file, info.mode.toString(8), info.isSymbolicLink() ? fs.readlinkSync(file) : info.isDirectory() ? "" : sum(file)].join(" "))
  if (info.isDirectory()) list(file)
})
list("node_modules")
fs.writeFileSync("listing.txt", all.join("\n"))
`

// A rebuild with one more dependency unpacks that one alone, and makes the image
// that a build from nothing makes.
func TestWhatADependencyLeavesAsItIsIsNotUnpackedAgain(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]int{"root": 0, "an ordinary user": nobody} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, app := newUser(t, id), t.TempDir()
			u.keptApp(app)
			tag := []string{"--tag", "kept", "--cache-key", "kept"}
			if first := u.build(app, tag...); first.status != 0 && strings.Contains(first.log, "[no-sandbox]") {
				t.Skipf("this machine refuses it: %s", first.log)
			}
			u.addDependency(app)
			second := u.must(app, tag...)
			if want := "71 of them were moved out of the layer of the build before"; !strings.Contains(second.log, want) {
				t.Errorf("got no %q in\n%s", want, second.log)
			}
			if fresh := u.must(app, "--tag", "kept", "--cache-key", "kept-fresh"); fresh.digest != second.digest || strings.Contains(fresh.log, "were moved") {
				t.Errorf("got %s, want %s as from nothing\n%s", second.digest, fresh.digest, fresh.log)
			}
		})
	}
}

// keptApp writes the express app with that build script.
func (u *user) keptApp(app string) {
	u.t.Helper()
	if err := os.CopyFS(app, os.DirFS(express)); err != nil {
		u.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(app, "listing.js"), []byte(listing), 0o644); err != nil {
		u.t.Fatal(err)
	}
	edit(u.t, filepath.Join(app, "package.json"), func(manifest map[string]any) {
		manifest["scripts"].(map[string]any)["build"] = "node listing.js"
	})
	if err := os.Chmod(app, 0o755); err != nil {
		u.t.Fatal(err)
	}
}

// addDependency adds a package to package.json and the lockfile.
func (u *user) addDependency(app string) {
	u.t.Helper()
	needs := func(manifest map[string]any) { manifest["dependencies"].(map[string]any)["picocolors"] = "1.1.1" }
	edit(u.t, filepath.Join(app, "package.json"), needs)
	edit(u.t, filepath.Join(app, "package-lock.json"), func(lock map[string]any) {
		packages := lock["packages"].(map[string]any)
		needs(packages[""].(map[string]any))
		packages["node_modules/picocolors"] = map[string]any{
			"version": "1.1.1", "license": "ISC",
			"integrity": "sha512-xceH2snhtb5M9liqDsmEw56le376mTZkEX/jEb/RxNFyegNul7eNslCXP9FDj/Lcu0X8KEyMceP2ntpaHrDEVA==",
		}
	})
}

// edit changes a JSON file.
func edit(t *testing.T, path string, change func(content map[string]any)) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var content map[string]any
	if err := json.Unmarshal(text, &content); err != nil {
		t.Fatal(err)
	}
	change(content)
	if text, err = json.MarshalIndent(content, "", "  "); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
}
