package fit_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/fit"
	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/rootfs"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// apply makes a layer of files and lets programs find them.
func apply(t *testing.T, files map[string]string) (*rootfs.Root, packit.Environment) {
	t.Helper()
	root, err := rootfs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	for name, text := range files {
		if err := root.Write(name, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	env, err := fit.Apply(root)
	if err != nil {
		t.Fatal(err)
	}
	return root, env
}

func TestVariables(t *testing.T) {
	const lib = "usr/lib/aarch64-linux-gnu/"
	root, env := apply(t, map[string]string{
		"usr/bin/x": "", "usr/games/y": "", lib + "libx.so.1": "", "opt/own/lib/liby.so": "", "etc/ld.so.conf.d/own.conf": "# own\n/opt/own/lib\n/opt/none # gone\ninclude x\n",
		"etc/ImageMagick-7/policy.xml": "", lib + "ImageMagick-7.1.1/modules-Q16/coders/png.so": "", lib + "ImageMagick-7.1.1/config-Q16/configure.xml": "",
	})
	in := func(names ...string) string {
		for i := range names {
			names[i] = filepath.Join(root.Dir, names[i])
		}
		return strings.Join(names, ":")
	}
	for name, want := range map[string]string{
		"PATH.append":                      in("usr/bin", "usr/games"),
		"LD_LIBRARY_PATH.append":           in(lib, "opt/own/lib"),
		"MAGICK_CONFIGURE_PATH.default":    in("etc/ImageMagick-7", lib+"ImageMagick-7.1.1/config-Q16"),
		"MAGICK_CODER_MODULE_PATH.default": in(lib + "ImageMagick-7.1.1/modules-Q16/coders"),
		"FONTCONFIG_FILE.default":          "",
		"CHROME_BIN.default":               "",
		"PERL5LIB.default":                 "",
	} {
		if got := env[name]; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestFontsHaveAConfiguration(t *testing.T) {
	root, env := apply(t, map[string]string{"usr/share/fonts/x.ttf": ""})
	if got := env["FONTCONFIG_FILE.default"]; got != root.Dir+"/etc/fonts/fonts.conf" {
		t.Errorf("got %q", got)
	}
	part, err := os.ReadFile(root.Dir + "/etc/fonts/conf.d/00-layer.conf")
	if err != nil || !strings.Contains(string(part), "<dir>"+root.Dir+"/usr/share/fonts</dir>") {
		t.Errorf("got %s, %v", part, err)
	}
	own, _ := apply(t, map[string]string{"etc/fonts/fonts.conf": "of fontconfig"})
	if text, err := os.ReadFile(own.Dir + "/etc/fonts/fonts.conf"); err != nil || string(text) != "of fontconfig" {
		t.Errorf("fontconfig's own file: got %q, %v", text, err)
	}
	bare, _ := apply(t, map[string]string{"usr/bin/x": ""})
	if _, err := bare.Lstat("etc"); err == nil {
		t.Error("a layer without fonts has a configuration of fonts")
	}
}

func TestScriptsFindTheirInterpreter(t *testing.T) {
	root, _ := apply(t, map[string]string{
		"usr/bin/perl": "", "usr/bin/a": "#! /usr/bin/perl -w\nprint 1;\n", "usr/bin/b": "#!/bin/sh\n/usr/bin/perl\n", "usr/bin/c": "#!/usr/bin/env perl\n", "usr/bin/d": "#!", "usr/bin/e": "#!/bin/perl",
	})
	for name, want := range map[string]string{
		"usr/bin/a": "#!" + root.Dir + "/usr/bin/perl -w\nprint 1;\n", "usr/bin/b": "#!/bin/sh\n/usr/bin/perl\n", "usr/bin/c": "#!/usr/bin/env perl\n", "usr/bin/d": "#!", "usr/bin/e": "#!" + root.Dir + "/usr/bin/perl\n",
	} {
		if got, err := os.ReadFile(filepath.Join(root.Dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
		if info, err := root.Stat(name); err != nil || info.Mode() != 0o755 {
			t.Errorf("%s: got mode %v, %v", name, info.Mode(), err)
		}
	}
}

func TestChromiumStartsWithoutItsScript(t *testing.T) {
	root, env := apply(t, map[string]string{"usr/bin/chromium": "#!/bin/sh\n", "usr/lib/chromium/chromium": "program"})
	if got, err := root.Readlink("usr/bin/chromium"); err != nil || got != "../lib/chromium/chromium" {
		t.Errorf("got a link to %q, %v", got, err)
	}
	if got := env["PUPPETEER_EXECUTABLE_PATH.default"]; got != root.Dir+"/usr/bin/chromium" {
		t.Errorf("got %q", got)
	}
}

// Programs of pulseaudio and others name a folder of libraries from the root.
func TestFoldersOfLibrariesThatProgramsName(t *testing.T) {
	compiler := tier.Program(t, "gcc")
	program := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command(compiler, "-x", "c", "-", "-o", program, "-Wl,-rpath,/usr/lib/own:/usr/lib/none:$ORIGIN/x")
	cmd.Stdin = strings.NewReader("int main() { return 0; }")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	root, env := apply(t, map[string]string{"usr/bin/program": string(text), "usr/lib/own/libz.so": "", "usr/bin/broken": "\x7fELF broken"})
	if got := env["LD_LIBRARY_PATH.append"]; got != root.Dir+"/usr/lib/own" {
		t.Errorf("got %q", got)
	}
}
