package install_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/npmregistry"
	"github.com/armature-cnb/armature/internal/npmtree"
	"github.com/armature-cnb/armature/internal/npmtree/install"
	"github.com/armature-cnb/armature/internal/testing/treediff"
)

// universe are packages in several versions, some with programs of the same name,
// with a first line that ends as on Windows, and with nothing that changed between
// versions.
func universe() map[string]pkg {
	all := map[string]pkg{}
	for n := range 9 {
		for version := 1; version <= 3; version++ {
			files := []file{
				{name: "package/index.js", text: fmt.Sprint("module.exports = ", n, version)}, {name: "package/lib/same.js", text: "same"},
				{name: "package/run.sh", text: "#!/bin/sh\n", mode: 0o755}, {name: "package/cli.js", text: "#!/usr/bin/env node\n"},
				{name: fmt.Sprintf("package/only/in-%d.js", version), text: ""}, {name: "package/windows.js", text: "#!/usr/bin/env node\r\n"},
			}
			manifest := object{}
			switch n % 4 {
			case 0:
				manifest["bin"] = object{"shared": "cli.js", fmt.Sprint("own", n): "windows.js"}
			case 1:
				manifest["bin"] = object{fmt.Sprint("own", n): "cli.js"}
			case 2:
				files = append(files, file{name: "package/setuid", text: "x", mode: 0o4755})
			}
			all[fmt.Sprintf("p%d@%d.0.0", n, version)] = pkg{manifest, files}
		}
	}
	return all
}

// randomLock writes a project with random packages, some in the node_modules of
// others.
func randomLock(t *testing.T, random *rand.Rand, r *registry, dir string) {
	t.Helper()
	root := object{"name": "app", "dependencies": object{}}
	entries := object{"": root}
	put := func(place string, needs object) (name string, entry object) {
		name, version := fmt.Sprint("p", random.IntN(9)), fmt.Sprint([]int{1, 1, 1, 1, 1, 2, 3}[random.IntN(7)], ".0.0")
		place = place + "node_modules/" + name
		if _, has := entries[place]; has || needs[name] != nil {
			return "", nil
		}
		needs[name] = version
		entry = r.entry(name+"@"+version, random.IntN(2) == 0, nil)
		entries[place] = entry
		return place + "/", entry
	}
	for range 3 + random.IntN(9) {
		place, entry := put("", root["dependencies"].(object))
		if place == "" {
			continue
		}
		needs := object{}
		for range random.IntN(3) {
			put(place, needs)
		}
		if len(needs) > 0 {
			entry["dependencies"] = needs
		}
	}
	write(t, dir, "package.json", root)
	write(t, dir, "package-lock.json", object{"name": "app", "lockfileVersion": 3, "packages": entries})
}

// tamper does what scripts may do to a tree.
func tamper(t *testing.T, random *rand.Rand, dir string) {
	t.Helper()
	places, err := filepath.Glob(filepath.Join(dir, "node_modules/p*"))
	if err != nil || len(places) == 0 {
		return
	}
	nested, _ := filepath.Glob(filepath.Join(dir, "node_modules/p*/node_modules/p*"))
	places = append(places, nested...)
	for range random.IntN(4) {
		place := places[random.IntN(len(places))]
		index := filepath.Join(place, "index.js")
		switch random.IntN(9) {
		case 0:
			writeText(t, index, "changed")
		case 1:
			writeText(t, filepath.Join(place, "build/made.node"), "made")
		case 2:
			_ = os.Remove(index)
		case 3:
			_ = os.Chmod(index, 0o700)
			_ = os.Chmod(filepath.Join(place, "lib"), 0o700)
		case 4:
			_ = os.Mkdir(filepath.Join(place, "lib/empty"), 0o755)
		case 5:
			_ = os.Remove(index)
			_ = os.Symlink("lib/same.js", index)
		case 6:
			_ = os.Link(index, filepath.Join(dir, fmt.Sprint("linked", random.Int())))
		case 7: // the whole package is elsewhere
			elsewhere := filepath.Join(dir, fmt.Sprint("elsewhere", random.Int()))
			if os.Rename(place, elsewhere) == nil {
				_ = os.Symlink(elsewhere, place)
			}
		case 8:
			_ = os.Remove(filepath.Join(dir, "node_modules/.package-lock.json"))
		}
	}
}

// seed is of the random lockfiles.
const seed = 20261128

// What is taken from an earlier tree makes no difference, whatever scripts have done
// to that tree.
func TestTakingFromAnEarlierTree(t *testing.T) {
	r := serveThese(t, universe())
	archives := keptArchives(t, r)
	installed := func(dir string, kept *install.Kept) {
		t.Helper()
		platform := deps.Platform{OS: "linux", CPU: hostCPU, Libc: deps.Glibc}
		planned, err := npmtree.Plan(dir, npmtree.Options{NPM: semver.MustParse("11.19.1"), Node: semver.MustParse("24.12.0"), Host: platform, Target: platform})
		if err != nil {
			t.Fatal(err)
		}
		if err := install.Into(context.Background(), dir, planned, archives, kept); err != nil {
			t.Fatal(err)
		}
	}
	taken := 0
	for number := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, number))
		dir := t.TempDir()
		before, after, fresh := filepath.Join(dir, "before"), filepath.Join(dir, "after"), filepath.Join(dir, "fresh")
		randomLock(t, random, r, before)
		randomLock(t, random, r, after)
		if err := tree.Copy(after, fresh); err != nil {
			t.Fatal(err)
		}
		first := &install.Kept{}
		installed(before, first)
		tamper(t, random, before)
		index, _ := filepath.Glob(filepath.Join(before, "node_modules/p*/index.js"))
		kept := &install.Kept{Before: before, Project: after, Note: first.Next}
		installed(after, kept)
		clean := &install.Kept{}
		installed(fresh, clean)
		compareTrees(t, fmt.Sprint("pair ", number), fresh, after)
		if string(kept.Next) != string(clean.Next) {
			t.Errorf("pair %d: got the note\n%s\nwant\n%s", number, kept.Next, clean.Next)
		}
		left, _ := filepath.Glob(filepath.Join(before, "node_modules/p*/index.js"))
		taken += len(index) - len(left)
		if kept.Taken < len(index)-len(left) {
			t.Errorf("pair %d: it says that it took %d packages, and at least %d are not there any more", number, kept.Taken, len(index)-len(left))
		}
		if err := tree.Remove(dir); err != nil {
			t.Fatal(err)
		}
	}
	if taken < 5 {
		t.Errorf("got only %d packages taken from earlier trees", taken)
	}
}

// A note that nobody wrote is no reason to fail.
func TestANoteThatIsNone(t *testing.T) {
	r := serveThese(t, universe())
	for _, note := range []string{"", "{", `{"format":0}`, `{"format":1,"packages":{"../p0":{"key":"x"}}}`} {
		dir := t.TempDir()
		randomLock(t, rand.New(rand.NewPCG(seed, 0)), r, dir)
		kept := &install.Kept{Before: t.TempDir(), Project: dir, Note: []byte(note)}
		platform := deps.Platform{OS: "linux", CPU: hostCPU, Libc: deps.Glibc}
		planned, err := npmtree.Plan(dir, npmtree.Options{NPM: semver.MustParse("11.19.1"), Node: semver.MustParse("24.12.0"), Host: platform, Target: platform})
		if err != nil {
			t.Fatal(err)
		}
		if err := install.Into(context.Background(), dir, planned, keptArchives(t, r), kept); err != nil {
			t.Errorf("the note %q: %s", note, err)
		}
		if !strings.Contains(string(kept.Next), `"format":1`) {
			t.Errorf("the note %q: got %q", note, kept.Next)
		}
	}
}

func compareTrees(t *testing.T, title, want, got string) {
	t.Helper()
	wanted, err := treediff.List(want)
	if err != nil {
		t.Fatal(err)
	}
	found, err := treediff.List(got)
	if err != nil {
		t.Fatal(err)
	}
	if len(wanted) < 10 {
		t.Errorf("%s: only %d files", title, len(wanted))
	}
	for _, line := range treediff.Compare(wanted, found) {
		t.Errorf("%s: %s", title, line)
	}
}

// keptArchives are all archives of a registry, each fetched once.
func keptArchives(t *testing.T, r *registry) *npmregistry.Archives {
	t.Helper()
	config, err := npmrc.Load(npmrc.Sources{Environ: environ.List{}, ProjectDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	main, _ := url.Parse(r.address)
	from, err := npmregistry.New(config, main)
	if err != nil {
		t.Fatal(err)
	}
	return npmregistry.NewArchives(t.TempDir(), from, nil)
}
