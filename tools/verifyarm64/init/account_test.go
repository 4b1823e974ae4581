//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLookUp(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"passwd": "root:x:0:0:root:/root:/bin/sh\nbroken\ncnb:x:1001:1000::/home/cnb:/bin/sh\n1002:x:2:2::/two:/bin/sh\n",
		"group":  "root:x:0:\ncnb:x:1000:\nmedia:x:44:cnb,other\nvideo:x:45:other\n",
	} {
		if err := os.WriteFile(filepath.Join(root, "etc", name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		name, root, user, want string
	}{
		{"none is root", root, "", "0:0 [] /root"},
		{"a name has its own group and those that list it", root, "cnb", "1001:1000 [44] /home/cnb"},
		{"an id has the same as its name", root, "1001", "1001:1000 [44] /home/cnb"},
		{"a group leaves the others out", root, "cnb:root", "1001:0 [] /home/cnb"},
		{"numbers", root, "1001:1000", "1001:1000 [] /home/cnb"},
		{"numbers that the image does not know", root, "5000:6000", "5000:6000 [] /"},
		{"a number without an entry is in root's group", root, "5000", "5000:0 [] /"},
		{"a name that looks like a number comes first", root, "1002", "2:2 [] /two"},
		{"an image without users", t.TempDir(), "1001:1000", "1001:1000 [] /"},
		{"a name nobody has", root, "node", `the image's user "node": no user is called "node" in the image, and it is no number`},
		{"a group nobody has", root, "cnb:wheel", `the image's user "cnb:wheel": no group is called "wheel" in the image, and it is no number`},
		{"a negative number", root, "-1", `the image's user "-1": no user is called "-1" in the image, and it is no number`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, err := lookUp(tc.root, tc.user)
			got := fmt.Sprintf("%d:%d %v %s", a.credential.Uid, a.credential.Gid, a.credential.Groups, a.home)
			if err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestEnvironKeepsWhatTheImageSays(t *testing.T) {
	env := account{home: "/home/cnb"}.environ([]string{"PATH=/bin", "A=1", "A=2"})
	got := strings.Join(env, " ")
	if want := "PATH=/bin A=1 A=2 HOME=/home/cnb HOSTNAME=verifyarm64"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := value(env, "A"); got != "2" {
		t.Errorf("got %s, want the last of two", got)
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "node"), nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=/nowhere:" + dir}
	if got, err := find("node", env); err != nil || got != filepath.Join(dir, "node") {
		t.Errorf("node: got %s, %v", got, err)
	}
	if got, err := find("./node", env); err != nil || got != "./node" {
		t.Errorf("a path: got %s, %v", got, err)
	}
	if _, err := find("data", env); err == nil || !strings.Contains(err.Error(), "not in the image's PATH") {
		t.Errorf("a file that is no program: got %v", err)
	}
}

// A test is not process 1.
func TestMainRefusesToRunElsewhere(t *testing.T) {
	if os.Getenv("ARMATURE_RUN_INIT") == "1" {
		main()
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child, err := os.StartProcess(self, []string{self, "-test.run=TestMainRefusesToRunElsewhere"},
		&os.ProcAttr{Env: append(os.Environ(), "ARMATURE_RUN_INIT=1")})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := child.Wait(); err != nil || state.ExitCode() != 1 {
		t.Errorf("got %v, %v, want exit status 1", state, err)
	}
}
