package pnpm

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/modules"
)

// command is what pnpm writes into .bin for a program in JavaScript.
const command = `#!/bin/sh
basedir=$(dirname "$(echo "$0" | sed -e 's,\\,/,g')")

case ` + "`uname`" + ` in
    *CYGWIN*|*MINGW*|*MSYS*)
        if command -v cygpath > /dev/null 2>&1; then
            basedir=` + "`cygpath -w \"$basedir\"`" + `
        fi
    ;;
esac

if [ -x "$basedir/node" ]; then
  exec "$basedir/node"  "$basedir/../tool/cli.js" "$@"
else
  exec node  "$basedir/../tool/cli.js" "$@"
fi
`

func TestCommandsRunWithoutSed(t *testing.T) {
	dir, programs := t.TempDir(), t.TempDir()
	write := func(file, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	places := []string{
		"node_modules/.bin", "node_modules/.pnpm/node_modules/.bin", "web/node_modules/.bin",
		"node_modules/.pnpm/a@1/node_modules/a/node_modules/.bin", "node_modules/.pnpm/b@1/node_modules/@b/c/node_modules/.bin",
	}
	for _, place := range places {
		write(filepath.Join(dir, place, "tool"), command)
		write(filepath.Join(dir, place, "own"), "#!/bin/sh\n")
	}
	write(filepath.Join(programs, "node"), "#!/bin/sh\necho \"$@\"\n")
	write(filepath.Join(programs, "uname"), "#!/bin/sh\necho Linux\n")
	m := &Manager{project: &modules.Project{Dir: dir}}
	m.project.Lock.Packages = []deps.Package{{Path: "web"}}
	if err := m.freeCommands(); err != nil {
		t.Fatal(err)
	}
	for _, place := range places {
		cmd := exec.Command(filepath.Join(dir, place, "tool"), "start")
		cmd.Env = []string{"PATH=" + programs}
		out, err := cmd.CombinedOutput()
		if want := filepath.Join(dir, place) + "/../tool/cli.js start"; err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: got %q, %v, want %q", place, out, err, want)
		}
	}
}
