//go:build linux

package descriptor_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/descriptor"
	"github.com/armature-cnb/armature/platform/internal/order"
)

func app(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, descriptor.Name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestBothSchemasSayTheSame(t *testing.T) {
	for name, text := range map[string]string{
		"0.1": "[project]\nid = \"x\"\n[build]\nexclude = [\"*.env\", \"/secrets\", \"docs/\"]\nbuilder = \"b\"\n[[build.env]]\nname = \"BP_X\"\nvalue = \"1\"\n",
		"0.2": "[_]\nschema-version = \"0.2\"\nname = \"x\"\n[io.buildpacks]\nexclude = [\"*.env\", \"/secrets\", \"docs/\"]\nbuilder = \"b\"\n[[io.buildpacks.build.env]]\nname = \"BP_X\"\nvalue = \"1\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			d, err := descriptor.Find(app(t, text))
			if err != nil {
				t.Fatal(err)
			}
			if d.Builder != "b" || d.Env["BP_X"] != "1" || len(d.Ignored) != 0 {
				t.Errorf("got %+v", d)
			}
			for path, want := range map[string]bool{
				"server.js": true, "prod.env": false, "a/b/prod.env": false, "secrets": false, "secrets/key": false, "a/secrets": true, "docs/x": false,
			} {
				if got := d.Filter(path); got != want {
					t.Errorf("%s: got %v, want %v", path, got, want)
				}
			}
		})
	}
}

func TestBuildpacksAreNamedInOrder(t *testing.T) {
	for name, tc := range map[string]struct{ text, group, pre, post string }{
		"0.1": {"[[build.buildpacks]]\nid = \"a/b\"\nversion = \"1.0.0\"\n[[build.buildpacks]]\nuri = \"bp\"\n[[build.buildpacks]]\nid = \"c\"\n", "a/b@1.0.0 bp c", "", ""},
		"0.2": {"[_]\nschema-version = \"0.2\"\n[[io.buildpacks.group]]\nid = \"c\"\nuri = \"bp\"\n[[io.buildpacks.group]]\nuri = \"from=builder\"\n", "bp from=builder", "", ""},
		"before and after": {"[_]\nschema-version = \"0.2\"\n[[io.buildpacks.pre.group]]\nid = \"x\"\n[io.buildpacks.pre.group.script]\napi = \"0.10\"\ninline = \"true\"\nshell = \"/bin/bash\"\n" +
			"[[io.buildpacks.post.group]]\nid = \"y\"\nversion = \"2\"\n", "", "x: true in /bin/bash", "y@2"},
	} {
		dir := app(t, tc.text)
		own, err := descriptor.Find(dir)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		named, err := descriptor.Read(filepath.Join(dir, descriptor.Name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, d := range []*descriptor.Descriptor{own, named} {
			for _, list := range []struct {
				got  []order.Locator
				want string
			}{{d.Buildpacks.Buildpacks, tc.group}, {d.Buildpacks.Pre, tc.pre}, {d.Buildpacks.Post, tc.post}} {
				var names []string
				for _, l := range list.got {
					if l.Inline != nil {
						l.Name += ": " + l.Inline.Inline + " in " + l.Inline.Shell
					}
					names = append(names, l.Name)
					if l.Base != dir || l.Inside != (d == own) {
						t.Errorf("%s: %s lies below %s (inside: %t)", name, l.Name, l.Base, l.Inside)
					}
				}
				if got := strings.Join(names, " "); got != list.want {
					t.Errorf("%s: got %q, want %q", name, got, list.want)
				}
			}
		}
		if len(own.Ignored) != 0 {
			t.Errorf("%s: ignored %q", name, own.Ignored)
		}
	}
}

func TestIncludeLeavesAllOthersOut(t *testing.T) {
	d, err := descriptor.Find(app(t, "[build]\ninclude = [\"src/\", \"package*.json\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"package.json": true, "package-lock.json": true, "src/a.js": true, "test/a.js": false, "../../etc/passwd": false} {
		if got := d.Filter(path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

func TestPatternsMayHaveBracketsCommentsAndEmptyLines(t *testing.T) {
	d, err := descriptor.Find(app(t, "[build]\nexclude = [\"\", \" \", \"# mine [\", \"key[0-9]\", 'odd\\[', \"!key1\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"key1": true, "key2": false, "odd[": false, "server.js": true} {
		if got := d.Filter(path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

func TestAnAppWithoutTheFileTakesEverything(t *testing.T) {
	d, err := descriptor.Find(t.TempDir())
	if err != nil || d.Filter != nil || len(d.Env) != 0 {
		t.Errorf("got %+v, %v", d, err)
	}
}

func TestFilesThatCannotBeFollowed(t *testing.T) {
	for name, tc := range map[string]struct{ text, id, want string }{
		"no TOML":                 {"[build", "descriptor-unusable", "reading"},
		"both lists":              {"[build]\ninclude = [\"a\"]\nexclude = [\"b\"]\n", "descriptor-unusable", "both include and exclude"},
		"a pattern to exclude":    {"[build]\nexclude = [\"*.env\", \"secret[\"]\n", "descriptor-unusable", `exclude has the pattern "secret["`},
		"a pattern to include":    {"[build]\ninclude = [\"![a\"]\n", "descriptor-unusable", `include has the pattern "![a"`},
		"a schema to come":        {"[_]\nschema-version = \"0.9\"\n", "descriptor-unusable", `"0.9", want 0.1 or 0.2`},
		"a buildpack of no name":  {"[[build.buildpacks]]\nversion = \"1.0.0\"\n", "descriptor-unusable", "neither id nor uri"},
		"a variable without name": {"[[build.env]]\nvalue = \"x\"\n", "descriptor-unusable", "no name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := descriptor.Find(app(t, tc.text))
			if !errors.Is(err, &failure.Failure{ID: tc.id}) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := descriptor.Read("/nowhere/project.toml"); !errors.Is(err, &failure.Failure{ID: "descriptor-unusable"}) || !strings.Contains(err.Error(), "name a file that is there") {
		t.Errorf("got %v", err)
	}
}

func TestALinkOutOfTheAppIsNotFollowed(t *testing.T) {
	dir, secret := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	os.WriteFile(secret, []byte("canary"), 0o600)
	os.Symlink(secret, filepath.Join(dir, descriptor.Name))
	_, err := descriptor.Find(dir)
	if !errors.Is(err, &failure.Failure{ID: "descriptor-unusable"}) || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
}

func TestKeysThatNobodyReadsAreTold(t *testing.T) {
	d, err := descriptor.Find(app(t, "[build]\nexcludes = [\"x\"]\n[metadata]\nmine = 1\n"))
	if err != nil || len(d.Ignored) != 1 || d.Ignored[0] != "build.excludes" {
		t.Errorf("got %+v, %v", d, err)
	}
}

// Reading a pipe without a writer would block, and could not be cancelled.
func TestADescriptorThatIsNoFileIsAnError(t *testing.T) {
	app := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(app, descriptor.Name), 0o644); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { _, err := descriptor.Find(app); done <- err }()
	select {
	case err := <-done:
		if !errors.Is(err, &failure.Failure{ID: "descriptor-unusable"}) {
			t.Errorf("got %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it waits")
	}
}
