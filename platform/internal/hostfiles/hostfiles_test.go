//go:build linux

package hostfiles

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

func TestASandboxKnowsItsOwnName(t *testing.T) {
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range []sandbox.Way{sandbox.Mounts, sandbox.Users, sandbox.Chroot} {
		dir := t.TempDir()
		binds, err := Write(dir, way)
		if err != nil {
			t.Fatal(err)
		}
		if len(binds) != len(Paths()) {
			t.Errorf("%s: got %d files, want %d", way, len(binds), len(Paths()))
		}
		read := func(name string) string {
			t.Helper()
			path := filepath.Join(dir, name)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
				t.Errorf("%s: got %v, %v", path, info.Mode(), err)
			}
			return string(text)
		}
		hosts := read("hosts")
		if !strings.HasSuffix(hosts, "127.0.0.1\tarmature\n::1\tarmature\n") && way != sandbox.Chroot {
			t.Errorf("%s: got %q", way, hosts)
		}
		if way == sandbox.Chroot && (!strings.Contains(hosts, "::1\tarmature\n") || !strings.Contains(hosts, machine)) {
			t.Errorf("%s: got %q, want armature and %s in it", way, hosts, machine)
		}
		if got := read("hostname"); got != "armature\n" {
			t.Errorf("%s: got %q", way, got)
		}
	}
}

func TestNamesAreAddedToATableOfHosts(t *testing.T) {
	for _, tc := range []struct{ name, table, want string }{
		{"no table", "", "127.0.0.1\tarmature\n::1\tarmature\n127.0.0.1\tbox\n::1\tbox\n"},
		{"a last line without an end", "10.0.0.1 db", "10.0.0.1 db\n127.0.0.1\tarmature\n::1\tarmature\n127.0.0.1\tbox\n::1\tbox\n"},
		{"the machine's name is there", "172.17.0.2\tbox\n", "172.17.0.2\tbox\n127.0.0.1\tarmature\n::1\tarmature\n"},
		{"it is there as a comment", "172.17.0.2 db # box\n", "172.17.0.2 db # box\n127.0.0.1\tarmature\n::1\tarmature\n127.0.0.1\tbox\n::1\tbox\n"},
		{"another machine is called as the sandbox", "10.0.0.1 armature box\n", "10.0.0.1 armature box\n127.0.0.1\tarmature\n::1\tarmature\n"},
	} {
		if got := string(withNames([]byte(tc.table), []string{Hostname, "box"})); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}
