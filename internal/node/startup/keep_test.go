package startup_test

import (
	"fmt"
	"testing"

	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

func TestKept(t *testing.T) {
	for _, row := range []struct {
		name, next, file, more string
		want                   string
	}{
		{"a configuration in TypeScript", "15.5.9", "next.config.ts", `,"devDependencies":{"typescript":"5"}`, "[typescript]"},
		{"in JavaScript", "15.5.9", "next.config.js", `,"devDependencies":{"typescript":"5"}`, "[]"},
		{"a newer version", "^16.0.0", "next.config.ts", `,"devDependencies":{"typescript":"5"}`, "[]"},
		{"the newest version", "latest", "next.config.ts", `,"devDependencies":{"typescript":"5"}`, "[]"},
		{"a dependency", "15", "next.config.ts", `,"peerDependencies":{"typescript":"5"}`, "[]"},
	} {
		dir := t.TempDir()
		write(t, dir, files{"package.json": `{"dependencies":{"next":"` + row.next + `"}` + row.more + `}`, row.file: ""})
		pkg, err := packagejson.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(startup.Kept(startup.Project{App: dir, Dir: dir, Package: pkg}, func(string) string { return "" })); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
	}
}

func TestKeptForTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, files{
		"package.json": `{"dependencies":{"next":"16","a":"1"},"devDependencies":{"@next/bundle-analyzer":"1","b":"1","c":"1","d":"1","e":"1","f":"1"}}`,
		"next.config.mjs": "import type { NextConfig } from 'c'\nimport withA from '@next/bundle-analyzer/lib'\nimport a from 'a'\n// import f from 'f'\n" +
			"import { env } from './env.mjs'\nexport default process.env.X ? require('d')({}) : {}\n",
		"env.mjs":    "import 'b'\nimport './next.config.mjs'\n",
		"other.mjs":  "import 'e'\n",
		"src/app.js": "import 'e'\n",
	})
	pkg, err := packagejson.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(startup.Kept(startup.Project{App: dir, Dir: dir, Package: pkg}, func(string) string { return "" }))
	if want := "[@next/bundle-analyzer d b]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
