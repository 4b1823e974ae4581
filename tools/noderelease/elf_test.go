package main_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// archive is a gzipped tar of files.
func archive(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	out := tar.NewWriter(zipped)
	for name, text := range files {
		if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// only leaves the package of one target, and that of no other.
func only(w *world, host targets.Target) {
	w.policy("")
	text := strings.Replace(w.readConfig("policy.toml"), `"linux/arm64", "linux/amd64"`, `"`+host.String()+`"`, 1)
	w.write(filepath.Join(w.config, "policy.toml"), text)
}

func (w *world) readConfig(name string) string {
	text, err := os.ReadFile(filepath.Join(w.config, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

func TestUpdateLocksWhatAProgramNeeds(t *testing.T) {
	p := findHostProgram(t)
	w := newWorld(t)
	only(w, p.target)
	p.asPackage(w, p.target)
	w.mustUpdate("-elf")
	facts := w.release("24.1.0").Archives[0].ELF
	if facts == nil || facts.Interpreter != p.interpreter {
		t.Fatalf("got %+v, want the interpreter %s", facts, p.interpreter)
	}
	want := slices.Sorted(slices.Values(p.needed))
	if !slices.Equal(facts.Needed, want) || !slices.ContainsFunc(facts.Symbols, func(s string) bool { return strings.HasPrefix(s, "GLIBC_2.") }) {
		t.Errorf("got %+v, want %v and a GLIBC version", facts, want)
	}
	tarball := fmt.Sprintf("/npm/node-linux-%s/-/node-linux-%s-24.1.0.tgz", p.target.Node(), p.target.Node())
	w.mustUpdate("-elf")
	if w.requests(tarball) != 1 {
		t.Errorf("got %d downloads, want 1: the lock has the facts", w.requests(tarball))
	}
	if err := os.Remove(filepath.Join(w.dir, "releases.lock.json")); err != nil {
		t.Fatal(err)
	}
	w.mustUpdate("-elf")
	if w.requests(tarball) != 1 || w.release("24.1.0").Archives[0].ELF == nil {
		t.Errorf("got %d downloads, want 1: the cache has the facts", w.requests(tarball))
	}
}

func TestUpdateInspectsAnArchiveWithoutAPackage(t *testing.T) {
	p := findHostProgram(t)
	w := newWorld(t)
	only(w, p.target)
	w.index("24.1.0")
	w.npm("node-linux-"+p.target.Node(), "0.12.0")
	folder := "node-v24.1.0-linux-" + p.target.Node()
	text := archive(t, map[string][]byte{folder + "/bin/node": p.text})
	w.files["/dist/v24.1.0/"+folder+".tar.gz"] = text
	w.sign("24.1.0", w.releaser, signedOn, sha256Hex(text)+"  "+folder+".tar.gz\n")
	w.mustUpdate("-elf", "-elf-archives")
	if facts := w.release("24.1.0").Archives[0].ELF; facts == nil || facts.Interpreter != p.interpreter {
		t.Errorf("got %+v", facts)
	}
}

func TestAPackageThatCannotBeLookedInto(t *testing.T) {
	p := findHostProgram(t)
	other := targets.LinuxARM64
	if p.target == other {
		other = targets.LinuxAMD64
	}
	name := "node-linux-" + p.target.Node()
	tgz := "/npm/" + name + "/-/" + name + "-24.1.0.tgz"
	for _, tc := range []struct {
		name string
		make func(w *world)
		want string
	}{
		{"a program for the other target", func(w *world) {
			only(w, other)
			p.asPackage(w, other)
		}, "got a file for " + p.target.ELF().String() + ", want " + other.ELF().String()},
		{"other bytes than those that are pinned", func(w *world) {
			w.files[tgz] = archive(t, map[string][]byte{"package/bin/node": p.text})
		}, "got the checksum "},
		{"a package without the program", func(w *world) {
			w.files[tgz] = archive(t, map[string][]byte{"package/LICENSE": []byte("MIT")})
		}, "got no file package/bin/node"},
		{"a package cut short", func(w *world) {
			w.files[tgz] = w.files[tgz][:len(w.files[tgz])/2]
		}, "unexpected EOF"},
		{"an error page", func(w *world) { w.files[tgz] = []byte("<!DOCTYPE html><title>Sorry</title>") }, "gzip: invalid header"},
		{"nothing", func(w *world) { delete(w.files, tgz) }, "got status 404"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			only(w, p.target)
			p.asPackage(w, p.target)
			tc.make(w)
			err := w.update("-elf")
			if err == nil || !strings.Contains(err.Error(), "node 24.1.0: looking into its bin/node") || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
			if r := w.release("24.1.0"); r == nil || r.Archives[0].ELF != nil {
				t.Errorf("got %+v, want the release without facts", r)
			}
		})
	}
}

func TestCheckELF(t *testing.T) {
	p := findHostProgram(t)
	w := newWorld(t)
	only(w, p.target)
	p.asPackage(w, p.target)
	w.mustUpdate("-elf")
	libc := "usr/lib/" + p.target.Triplet() + "/libc.so.6"
	for _, tc := range []struct {
		name string
		make func(i *runImage)
		want string // "" when it starts
	}{
		{"everything is there", func(*runImage) {}, ""},
		{"a library is taken away", func(i *runImage) { delete(i.files, libc) }, "it needs the library libc.so.6, which is not there"},
		{"what only a library needs is taken away", func(i *runImage) {
			delete(i.files, "usr/lib/"+p.target.Triplet()+"/"+path.Base(p.interpreter))
		}, "it needs the library " + path.Base(p.interpreter) + ", which is not there"},
		{"the interpreter is taken away", func(i *runImage) { delete(i.links, "lib64"); delete(i.links, "lib") }, "it needs the interpreter " + p.interpreter},
		{"a library is a file of another kind", func(i *runImage) { i.files[libc] = bytes.Repeat([]byte("not ELF"), 20) }, "libc.so.6, which cannot be used: bad magic number"},
		{"a library leads in circles", func(i *runImage) {
			delete(i.files, libc)
			i.links[libc] = "libc.so.7"
			i.links[path.Dir(libc)+"/libc.so.7"] = "libc.so.6"
		}, "it needs the library libc.so.6, which is not there"},
		{"a library is there under its own name, with a link to it", func(i *runImage) {
			i.files[path.Dir(libc)+"/libc-2.99.so"] = i.files[libc]
			delete(i.files, libc)
			i.links[libc] = "libc-2.99.so"
		}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			image := p.runImage()
			tc.make(&image)
			err := w.run(w.args("-check-elf", "-run-image", image.write(t))...)
			if tc.want == "" {
				if err != nil || !strings.Contains(w.messages.String(), "1 versions start") {
					t.Errorf("got %v, %s", err, w.messages.String())
				}
			} else if err == nil || !strings.Contains(err.Error(), "node 24.1.0 for "+p.target.String()+" would not start") || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestCheckELFComparesSymbolVersions(t *testing.T) {
	p := findHostProgram(t)
	w := newWorld(t)
	only(w, p.target)
	p.asPackage(w, p.target)
	w.mustUpdate("-elf")
	image := p.runImage().write(t)
	lock := w.read("releases.lock.json")
	for symbols, want := range map[string]string{
		"GLIBC_2.4":                  "",
		"GLIBC_2.999":                "it needs GLIBC_2.999, but the newest there is GLIBC_2.",
		"GLIBC_2.4 LIBATOMIC_1.0":    "it needs LIBATOMIC_1.0, but no library there has any LIBATOMIC version",
		"GLIBC_3.0 GLIBCXX_3.4.9999": "it needs GLIBCXX_3.4.9999, but",
	} {
		var file map[string]any
		if err := json.Unmarshal([]byte(lock), &file); err != nil {
			t.Fatal(err)
		}
		facts := file["releases"].([]any)[0].(map[string]any)["archives"].([]any)[0].(map[string]any)["elf"].(map[string]any)
		facts["symbols"] = symbols
		text, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		w.write(filepath.Join(w.dir, "releases.lock.json"), string(text))
		err = w.run(w.args("-check-elf", "-run-image", image)...)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", symbols, err, want)
		}
	}
}

func TestCheckELFRefusesToVouchForNothing(t *testing.T) {
	p := findHostProgram(t)
	w := newWorld(t)
	p.asPackage(w, p.target)
	w.npm("node-linux-"+map[string]string{"arm64": "x64", "amd64": "arm64"}[p.target.Arch], "0.12.0")
	image := p.runImage().write(t)
	two := t.TempDir()
	writeLayout(t, two, p.runImage().image(t), p.runImage().image(t))
	w.mustUpdate()
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"no run image":               {nil, "needs a -run-image for each target"},
		"a run image for one target": {[]string{"-run-image", image}, "no run image for linux/"},
		"no facts":                   {[]string{"-run-image", image}, "was looked into: make the facts with -update -elf"},
		"an image that is not there": {[]string{"-run-image", "nowhere"}, "reading the run image in nowhere"},
		"a layout of several images": {[]string{"-run-image", two}, "got 2 manifests, want 1"},
	} {
		t.Run(name, func(t *testing.T) {
			err := w.run(w.args(append([]string{"-check-elf"}, tc.args...)...)...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

// The run images as they are made here, the lock as it is committed: everything
// starts; without libatomic.so.1, Node.js 25 and 26 are refused by its name and
// nothing else is.
func TestNode26IsRefusedWithoutLibatomic(t *testing.T) {
	tier.Beyond(t, "the run images")
	for _, tg := range targets.All() {
		t.Run(tg.String(), func(t *testing.T) {
			folder := filepath.Join("../../build/stack", "run-"+tg.Arch)
			if _, err := os.Stat(filepath.Join(folder, "index.json")); err != nil {
				t.Skipf("there is no run image to check against: make stack makes it (%v)", err)
			}
			w := newWorld(t)
			only(w, tg)
			lock, err := os.ReadFile(filepath.Join(nodeEngine, "releases.lock.json"))
			if err != nil {
				t.Fatal(err)
			}
			w.write(filepath.Join(w.dir, "releases.lock.json"), string(lock))
			check := func(image string) error { return w.run(w.args("-check-elf", "-run-image", image)...) }
			if err := check(folder); err != nil {
				t.Fatal(err)
			}
			err = check(without(t, folder, tg, "libatomic.so.1"))
			if err == nil {
				t.Fatal("got no error without libatomic.so.1")
			}
			for _, line := range strings.Split(err.Error(), "\n") {
				if !strings.HasPrefix(line, "node 26.") && !strings.HasPrefix(line, "node 25.") || !strings.Contains(line, "it needs the library libatomic.so.1, which is not there") {
					t.Errorf("got %s", line)
				}
			}
			if !strings.Contains(err.Error(), "node 26.") {
				t.Errorf("got %v, want Node.js 26 refused", err)
			}
		})
	}
}
