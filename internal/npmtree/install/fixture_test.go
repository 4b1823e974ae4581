package install_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// hostCPU is this machine's CPU in Node's terms, otherCPU the other target's.
var (
	hostCPU  = map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	otherCPU = map[string]string{"amd64": "arm64", "arm64": "x64"}[runtime.GOARCH]
)

// file is an entry of an archive.
type file struct {
	name, text string
	mode       int64
	kind       byte // tar.TypeReg if 0
	link       string
}

// pkg is a package of the fixture.
type pkg struct {
	manifest map[string]any // package.json
	files    []file         // besides
}

type object = map[string]any

// packages are the registry's packages, by name and version.
var packages = map[string]pkg{
	"alpha@1.0.0": {object{"bin": object{"tool": "bin/tool.js", "missing": "none.js"}, "dependencies": object{"beta": "^1.0.0", "nested": "2"}}, []file{
		{name: "package/bin/tool.js", text: "#!/usr/bin/env node\r\nconsole.log(1)\r\n"},
		{name: "package/.gitignore", text: "one\n"},
		{name: "package/sub/.gitignore", text: "two\n"}, {name: "package/sub/.npmignore", text: "three\n"},
		{name: "package/after/.npmignore", text: "four\n"}, {name: "package/after/.gitignore", text: "five\n"},
		{name: "other/top.js", text: "top"}, {name: "./package/dot.js", text: "dot"},
		{name: "package/hard", kind: tar.TypeLink, link: "package/bin/tool.js"}, {name: "package/soft", kind: tar.TypeSymlink, link: "/etc/passwd"},
		{name: "package/run.sh", text: "run", mode: 0o755}, {name: "package/secret", text: "secret", mode: 0o600}, {name: "package/none", text: "", mode: 0},
		{name: "package/empty/", kind: tar.TypeDir, mode: 0o700}, {name: "package/../escape", text: "escape"}, {name: "/package/absolute", text: "absolute"},
		{name: "package/twice", text: "first", mode: 0o755}, {name: "package/twice", text: "second", mode: 0o644},
	}},
	"beta@1.2.0":                {object{"bin": "cli.js", "license": object{"type": "MIT", "url": "x"}, "engines": object{"node": ">=10"}}, []file{{name: "package/cli.js", text: "#!/bin/sh\n"}}},
	"nested@1.0.0":              {object{"bin": object{"tool": "tool.js", "nested": "tool.js"}}, []file{{name: "package/tool.js", text: "1"}}},
	"nested@2.1.0":              {object{"bin": object{"nested": "tool.js"}}, []file{{name: "package/tool.js", text: "2"}}},
	"@scope/thing@3.0.0":        {object{"bin": "thing.js", "peerDependencies": object{"beta": "1"}}, []file{{name: "package/thing.js", text: "#!/usr/bin/env node\n"}}},
	"real@4.0.0":                {object{"funding": object{"url": "https://example.com/<&>"}}, nil},
	"only-dev@1.0.0":            {object{"bin": object{"tool": "tool.js", "dev": "tool.js"}, "dependencies": object{"@deep/in": "1.0.0"}}, []file{{name: "package/tool.js", text: "d"}}},
	"@deep/in@1.0.0":            {object{}, nil},
	"native@1.0.0":              {object{"optionalDependencies": object{"@native/linux-x64": "1.0.0", "@native/linux-arm64": "1.0.0", "@native/win32": "1.0.0", "old-node": "1.0.0"}}, nil},
	"@native/linux-x64@1.0.0":   {object{"os": []any{"linux"}, "cpu": []any{"x64"}, "libc": []any{"glibc"}}, nil},
	"@native/linux-arm64@1.0.0": {object{"os": []any{"linux"}, "cpu": []any{"arm64"}}, nil},
	"@native/win32@1.0.0":       {object{"os": []any{"win32"}, "dependencies": object{"only-win": "1.0.0"}, "bin": object{"beta": "x.js"}}, nil},
	"only-win@1.0.0":            {object{}, nil},
	"old-node@1.0.0":            {object{"engines": object{"node": "<4"}}, nil},
	"bundler@1.0.0": {object{"bundleDependencies": []any{"inner"}, "dependencies": object{"inner": "1.0.0"}}, []file{
		{name: "package/node_modules/inner/package.json", text: `{"name":"inner","version":"1.0.0","bin":{"inner":"i.js"}}`},
		{name: "package/node_modules/inner/i.js", text: "#!/usr/bin/env node\n"},
	}},
	"peered@1.0.0":      {object{"peerDependencies": object{"host": "1.0.0"}, "dependencies": object{"shared": "1.0.0"}}, nil},
	"host@1.0.0":        {object{"dependencies": object{"shared": "1.0.0", "own": "1.0.0", "in-a-circle": "1.0.0"}, "peerDependencies": object{"of-host": "1.0.0"}}, nil},
	"of-host@1.0.0":     {object{"dependencies": object{"own": "1.0.0"}, "optionalDependencies": object{"maybe": "1.0.0"}}, nil},
	"own@1.0.0":         {object{}, nil},
	"maybe@1.0.0":       {object{}, nil},
	"shared@1.0.0":      {object{}, nil},
	"in-a-circle@1.0.0": {object{"peerDependencies": object{"host": "1.0.0"}}, nil},
	"dev-peered@1.0.0":  {object{"peerDependencies": object{"dev-host": "1.0.0", "alpha": "1"}, "dependencies": object{"maybe": "1.0.0"}}, nil},
	"dev-host@1.0.0":    {object{"dependencies": object{"own": "1.0.0", "dev-own": "1.0.0"}}, nil},
	"dev-own@1.0.0":     {object{}, nil},
	"from-file@5.0.0":   {object{"bin": "f.js"}, []file{{name: "package/f.js", text: "f"}}},
}

// archive packs a package.
func (p pkg) archive(name, version string) []byte {
	manifest := maps.Clone(p.manifest)
	manifest["name"], manifest["version"] = name, version
	text, err := json.Marshal(manifest)
	if err != nil {
		panic(err)
	}
	return pack(append([]file{{name: "package/package.json", text: string(text)}}, p.files...))
}

// pack packs files.
func pack(files []file) []byte {
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	w := tar.NewWriter(zip)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Mode: f.mode, Typeflag: f.kind, Linkname: f.link, Size: int64(len(f.text))}
		if f.kind == 0 {
			header.Typeflag = tar.TypeReg
		}
		if err := w.WriteHeader(header); err != nil {
			panic(err)
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	if err := zip.Close(); err != nil {
		panic(err)
	}
	if len(files)%2 == 0 { // as old versions of tar ended archives
		out.Write(make([]byte, 9000))
	}
	return out.Bytes()
}

// integrity is the subresource integrity of an archive.
func integrity(archive []byte) string {
	sum := sha512.Sum512(archive)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// registry serves the packages.
type registry struct {
	address  string
	packages map[string]pkg
	archives map[string][]byte // by path
}

// path is where a registry has the archive of a package.
func path(name, version string) string {
	return "/" + name + "/-/" + name[strings.LastIndex(name, "/")+1:] + "-" + version + ".tgz"
}

func serve(t *testing.T) *registry {
	t.Helper()
	return serveThese(t, packages)
}

// serveThese serves other packages.
func serveThese(t *testing.T, packages map[string]pkg) *registry {
	t.Helper()
	r := &registry{packages: packages, archives: map[string][]byte{}}
	documents := map[string]object{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if archive, ok := r.archives[request.URL.Path]; ok {
			_, _ = w.Write(archive)
			return
		}
		document, ok := documents[strings.TrimPrefix(request.URL.Path, "/")]
		if !ok {
			http.NotFound(w, request)
			return
		}
		_ = json.NewEncoder(w).Encode(document)
	}))
	t.Cleanup(server.Close)
	r.address = server.URL + "/"
	for id, p := range packages {
		at := strings.LastIndex(id, "@")
		name, version := id[:at], id[at+1:]
		archive := p.archive(name, version)
		r.archives[path(name, version)] = archive
		if documents[name] == nil {
			documents[name] = object{"name": name, "versions": object{}, "dist-tags": object{"latest": version}}
		}
		manifest := maps.Clone(p.manifest)
		manifest["name"], manifest["version"] = name, version
		manifest["dist"] = object{"tarball": server.URL + path(name, version), "integrity": integrity(archive)}
		documents[name]["versions"].(object)[version] = manifest
	}
	return r
}

// entry is a package's entry in a lockfile.
func (r *registry) entry(id string, resolved bool, extra object) object {
	at := strings.LastIndex(id, "@")
	name, version := id[:at], id[at+1:]
	e := object{"version": version, "integrity": integrity(r.archives[path(name, version)])}
	if resolved {
		e["resolved"] = strings.TrimSuffix(r.address, "/") + path(name, version)
	}
	for key, value := range r.packages[id].manifest {
		if key == "bin" {
			if one, ok := value.(string); ok {
				value = object{name[strings.LastIndex(name, "/")+1:]: one}
			}
		}
		if key == "license" {
			value = "MIT"
		}
		e[key] = value
	}
	maps.Copy(e, extra)
	return e
}

func writeApp(t *testing.T, r *registry, resolved bool) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "app")
	writeAppTo(t, dir, r, resolved)
	return dir
}

// writeAppTo writes the app: package.json, lockfile, a workspace, a folder and an
// archive.
func writeAppTo(t *testing.T, dir string, r *registry, resolved bool) {
	t.Helper()
	root := object{
		"name": "app", "version": "1.0.0", "workspaces": []any{"packages/*"},
		"dependencies": object{
			"alpha": "^1.0.0", "nested": "1.x", "@scope/thing": "3", "alias": "npm:real@^4.0.0", "native": "*", "bundler": "1.0.0",
			"from-file": "file:vendor/from-file.tgz", "folder": "file:folder", "peered": "1.0.0",
		},
		"devDependencies": object{"only-dev": "~1.0.0", "dev-peered": "1.0.0"},
	}
	work := object{"name": "@app/work", "version": "0.1.0", "bin": object{"work": "work.js", "tool": "work.js"}, "dependencies": object{"nested": "2.1.0"}, "license": "ISC"}
	folder := object{"name": "folder", "version": "9.0.0", "dependencies": object{"beta": "1"}}
	archive := packages["from-file@5.0.0"].archive("from-file", "5.0.0")
	optional := object{"optional": true}
	entries := object{
		"": root, "packages/work": work, "folder": folder,
		"node_modules/@app/work":                  object{"resolved": "packages/work", "link": true},
		"node_modules/folder":                     object{"resolved": "folder", "link": true},
		"node_modules/from-file":                  object{"version": "5.0.0", "resolved": "file:vendor/from-file.tgz", "integrity": integrity(archive), "bin": object{"from-file": "f.js"}},
		"node_modules/alpha":                      r.entry("alpha@1.0.0", resolved, nil),
		"node_modules/beta":                       r.entry("beta@1.2.0", resolved, nil),
		"node_modules/nested":                     r.entry("nested@1.0.0", resolved, nil),
		"node_modules/alias":                      r.entry("real@4.0.0", resolved, object{"name": "real"}),
		"node_modules/only-dev":                   r.entry("only-dev@1.0.0", resolved, object{"dev": true}),
		"node_modules/@deep/in":                   r.entry("@deep/in@1.0.0", resolved, object{"dev": true}),
		"node_modules/native":                     r.entry("native@1.0.0", resolved, nil),
		"node_modules/only-win":                   r.entry("only-win@1.0.0", resolved, optional),
		"node_modules/old-node":                   r.entry("old-node@1.0.0", resolved, optional),
		"node_modules/bundler":                    r.entry("bundler@1.0.0", resolved, nil),
		"node_modules/@scope/thing":               r.entry("@scope/thing@3.0.0", resolved, nil),
		"node_modules/alpha/node_modules/nested":  r.entry("nested@2.1.0", resolved, nil),
		"packages/work/node_modules/nested":       r.entry("nested@2.1.0", resolved, nil),
		"node_modules/@native/linux-x64":          r.entry("@native/linux-x64@1.0.0", resolved, optional),
		"node_modules/@native/linux-arm64":        r.entry("@native/linux-arm64@1.0.0", resolved, optional),
		"node_modules/@native/win32":              r.entry("@native/win32@1.0.0", resolved, optional),
		"node_modules/bundler/node_modules/inner": object{"version": "1.0.0", "inBundle": true, "bin": object{"inner": "i.js"}},
	}
	for _, name := range []string{"peered", "host", "of-host", "own", "maybe", "shared", "in-a-circle", "dev-peered", "dev-host", "dev-own"} {
		entries["node_modules/"+name] = r.entry(name+"@1.0.0", resolved, nil)
	}
	write(t, dir, "package.json", root)
	write(t, dir, "packages/work/package.json", work)
	write(t, dir, "folder/package.json", folder)
	write(t, dir, "package-lock.json", object{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": entries})
	writeText(t, filepath.Join(dir, "packages/work/work.js"), "#!/usr/bin/env node\n")
	writeText(t, filepath.Join(dir, "vendor/from-file.tgz"), string(archive))
}

// write writes JSON, with sorted keys.
func write(t *testing.T, dir, name string, value object) {
	t.Helper()
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(dir, name), string(text)+"\n")
}

func writeText(t *testing.T, place, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(place, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
