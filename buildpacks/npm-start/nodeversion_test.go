package npmstart_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/armature-cnb/armature/internal/failure"
)

// nodeHome is a Node.js with a version's headers.
func nodeHome(t *testing.T, major, minor, patch int) string {
	t.Helper()
	home := t.TempDir()
	write(t, filepath.Join(home, "include", "node", "node_version.h"), fmt.Sprintf(
		"#define NODE_MAJOR_VERSION %d\n#define NODE_MINOR_VERSION %d\n#define NODE_PATCH_VERSION %d\n#define NODE_VERSION_IS_LTS 1\n", major, minor, patch))
	return home
}

func TestTheVersionOfNodeDecides(t *testing.T) {
	for _, row := range []struct {
		major, minor int
		want         []string
	}{
		{20, 20, []string{"--", "node", "a.js"}},
		{22, 9, []string{"--", "node", "--env-file-if-exists=.env", "a.js"}},
		{24, 1, []string{"--", "node", "--env-file-if-exists=.env", "a.js"}},
	} {
		t.Run(fmt.Sprint(row.major), func(t *testing.T) {
			f := newFixture(t)
			f.env["NODE_HOME"] = nodeHome(t, row.major, row.minor, 0)
			f.packageJSON(`{"scripts":{"start":"node --env-file=.env a.js"}}`)
			write(t, filepath.Join(f.app, "a.js"), "")
			f.Expect(f.processes()[0].Command).To(Equal(f.supervisor(row.want...)))
			f.Expect(f.log.String()).To(ContainSubstring(".env, which is not in the app"))
		})
	}
}

func TestAnOldNodeGetsNoTypeScript(t *testing.T) {
	f := newFixture(t)
	f.packageJSON(`{}`)
	write(t, filepath.Join(f.app, "index.ts"), "")
	f.env["NODE_HOME"] = nodeHome(t, 24, 0, 0)
	f.Expect(f.processes()[0].Command).To(Equal(f.supervisor("--", "node", "index.ts")))
	f.env["NODE_HOME"] = nodeHome(t, 20, 20, 2)
	_, err := f.build()
	var failed *failure.Failure
	f.Expect(errors.As(err, &failed)).To(BeTrue())
	f.Expect(failed.ID).To(Equal("start-script-missing"))
	f.Expect(failed.Cause).To(ContainSubstring("Node.js 20.20.2 does not run TypeScript"))
}
