package main

import (
	"archive/tar"
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestArguments(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		want string // error
	}{
		{"nothing", nil, `-kind: unknown kind of image "": want run, run-tiny or build`},
		{"another kind", []string{"-kind", "tiny", "-target", "arm64"}, `-kind: unknown kind of image "tiny": want run, run-tiny or build`},
		{"no target", []string{"-kind", "run"}, `-target: unsupported target "": want linux/arm64 or linux/amd64`},
		{"a target nobody has", []string{"-kind", "run", "-target", "linux/riscv64"}, `-target: unsupported target "linux/riscv64": want linux/arm64 or linux/amd64`},
		{"more than flags", []string{"-kind", "run", "-target", "arm64", "now"}, `got argument "now", want flags only`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			err := run(t.Context(), tc.args, io.Discard)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
			if names := entries(t, "."); len(names) != 0 {
				t.Errorf("left behind: %q", names)
			}
		})
	}
}

func TestParseSelection(t *testing.T) {
	got, err := parseSelection("# heading\n\nlibc6  # why\n-perl\n -libc6-dev \nlibstdc++6\n", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"libc6", "libstdc++6"}; !slices.Equal(got.names, want) {
		t.Errorf("names: got %q, want %q", got.names, want)
	}
	if !got.without["perl"] || !got.without["libc6-dev"] || len(got.without) != 2 {
		t.Errorf("without: got %v, want perl and libc6-dev", got.without)
	}
	got, err = parseSelection("dash\ncoreutils /usr/bin/env /bin/true # why\n", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"usr/bin/env", "bin/true"}; !slices.Equal(got.only["coreutils"], want) || len(got.only["dash"]) != 0 {
		t.Errorf("only: got %v, want %q of coreutils", got.only, want)
	}
	got, err = parseSelection("dash\nmake [arm64]\ng++ [amd64] # why\n-perl [arm64]\ngcc [amd64] /usr/bin/cc\n", "amd64")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"dash", "g++", "gcc"}; !slices.Equal(got.names, want) || got.without["perl"] || !slices.Equal(got.only["gcc"], []string{"usr/bin/cc"}) {
		t.Errorf("for amd64: got %+v, want %q and nothing left out", got, want)
	}
	for name, list := range map[string]string{
		"an architecture without a target": "dash\nmake [riscv64]",
		"two names in a line":              "libc6 tzdata",
		"paths of what is left out":        "dash\n-coreutils /usr/bin/env",
		"upper case":                       "Libc6",
		"an option of apt":                 "libc6\n--force-yes",
		"a shell command":                  "libc6;id",
		"a version, which would rot":       "libc6=2.41",
		"nothing at all":                   "# nothing\n",
		"only what is left out":            "-perl",
	} {
		if got, err := parseSelection(list, "amd64"); err == nil {
			t.Errorf("%s: got %+v, want an error", name, got)
		}
	}
}

func TestOnlyNamedPathsComeIn(t *testing.T) {
	drop := deb{only: []string{"usr/bin/env"}}.droppedBy(runKind)
	for path, want := range map[string]bool{
		"usr/bin/env":                       false,
		"usr/bin":                           false,
		"usr/bin/ls":                        true,
		"usr/b":                             true,
		"usr/share/doc/coreutils/copyright": false,
	} {
		if got := drop(path); got != want {
			t.Errorf("%s: got dropped %v, want %v", path, got, want)
		}
	}
}

func TestDroppedBy(t *testing.T) {
	for _, tc := range []struct {
		path       string
		run, build bool
	}{
		{path: "usr/bin/sh"},
		{path: "usr/share/doc"},
		{path: "usr/share/doc/libc6"},
		{path: "usr/share/doc/libc6/copyright"},
		{path: "usr/share/doc/libc6/changelog.gz", run: true, build: true},
		{path: "usr/share/doc/git/contrib/copyright", run: true, build: true},
		{path: "usr/share/man/man1/git.1.gz", run: true, build: true},
		{path: "usr/share/mandatory"},
		{path: "var/cache", run: true, build: true},
		{path: "etc/cron.daily/dpkg", run: true, build: true},
		{path: "usr/lib/aarch64-linux-gnu/gconv/BIG5.so", run: true},
		{path: "usr/lib/gcc/aarch64-linux-gnu/14/libasan.a", build: true},
		{path: "usr/lib/gcc/aarch64-linux-gnu/14/libgcc.a"},
	} {
		if got := (deb{}).droppedBy(runKind)(tc.path); got != tc.run {
			t.Errorf("run image, %s: got %v, want %v", tc.path, got, tc.run)
		}
		if got := (deb{}).droppedBy(buildKind)(tc.path); got != tc.build {
			t.Errorf("build image, %s: got %v, want %v", tc.path, got, tc.build)
		}
	}
}

func TestAddTar(t *testing.T) {
	none := func(string) bool { return false }
	t.Run("merges /lib into /usr and takes setuid away", func(t *testing.T) {
		root := tree{}
		err := root.addTar(tarOf(t,
			&tar.Header{Name: "./lib/x", Typeflag: tar.TypeReg, Mode: 0o4755},
			&tar.Header{Name: "./lib/y", Typeflag: tar.TypeLink, Linkname: "./lib/x"},
		), none)
		if err != nil {
			t.Fatal(err)
		}
		if x, y := root["usr/lib/x"], root["usr/lib/y"]; x == nil || x.Mode != 0o755 || y == nil || y.Link != "usr/lib/x" {
			t.Errorf("got %+v, %+v", x, y)
		}
	})
	t.Run("refuses a device", func(t *testing.T) {
		if err := (tree{}).addTar(tarOf(t, &tar.Header{Name: "./dev/sda", Typeflag: tar.TypeBlock}), none); err == nil {
			t.Error("got no error")
		}
	})
	t.Run("refuses a second package's other file", func(t *testing.T) {
		root := tree{}
		root.file("usr/bin/x", 0o755, []byte("first"))
		if err := root.addTar(tarOf(t, &tar.Header{Name: "./usr/bin/x", Typeflag: tar.TypeReg}), none); err == nil {
			t.Error("got no error")
		}
	})
	t.Run("finds what a dropped file leaves dangling", func(t *testing.T) {
		root := tree{}
		root.symlink("usr/bin/cc", "gcc")
		if err := root.check(); err == nil {
			t.Error("got no error")
		}
		root.file("usr/bin/gcc", 0o755, nil)
		if err := root.check(); err != nil {
			t.Error(err)
		}
	})
}

func TestSources(t *testing.T) {
	output := "Get:1 x\nsuite trixie http://a.example/debian/ main\nsuite trixie http://a.example/debian/ main\nsuite trixie-security http://b.example/ main\nsuite x\n"
	want := []source{{"trixie", "http://a.example/debian/", "main"}, {"trixie-security", "http://b.example/", "main"}}
	if got := sources(output); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	root := tree{}
	if err := configureSources(root, want); err == nil {
		t.Error("an image without Debian's keys is no error")
	}
	root.file(keyringFile, 0o644, nil)
	if err := configureSources(root, want); err != nil {
		t.Fatal(err)
	}
	const keyring = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.pgp] "
	if got := string(root[sourcesFile].Content); got != keyring+"http://a.example/debian/ trixie main\n"+keyring+"http://b.example/ trixie-security main\n" {
		t.Errorf("got %q", got)
	}
}

func TestCheckSuites(t *testing.T) {
	var all []source
	for _, name := range suites {
		all = append(all, source{suite: name, component: "main"})
	}
	if err := checkSuites(all); err != nil {
		t.Error(err)
	}
	for i, without := range suites {
		err := checkSuites(slices.Delete(slices.Clone(all), i, i+1))
		if err == nil || !strings.Contains(err.Error(), "want trixie, trixie-updates, trixie-security") {
			t.Errorf("without %s: got %v", without, err)
		}
	}
}

func tarOf(t *testing.T, headers ...*tar.Header) io.Reader {
	t.Helper()
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, header := range headers {
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &archive
}
