package npmstart_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/failure"
)

// The image gets Bun if Bun is the app's package manager, which npm-install then
// provides, and something that starts calls it.
func TestAStartThatCallsBunHasBun(t *testing.T) {
	for _, row := range []struct {
		name, manifest string
		env            map[string]string
		lockfile       string
		needs          string // the reason for Bun in the image; empty for none
		process        string // the command
		refused        bool
	}{
		{"a file", `{"scripts":{"start":"bun web.ts"}}`, nil, "bun.lock", "the script start of package.json calls bun", "bun web.ts", false},
		{"a file, with run", `{"scripts":{"start":"NODE_ENV=production bun run src/web.ts"}}`, nil, "bun.lock", "the script start of package.json calls bun", "bun run src/web.ts", false},
		{"a script that does", `{"scripts":{"start":"bun run serve","serve":"bun --smol web.ts"}}`, nil, "bun.lock", "calls bun", "bun --smol web.ts", false},
		{"a script that a script of a script calls", `{"scripts":{"start":"npm run serve && true","serve":"npm run inner && npm run inner","inner":"bun web.ts"}}`, nil, "bun.lock", "the script start of package.json calls bun", "npm run serve && true --", false},
		{"a script after another", `{"scripts":{"start":"npm run serve && true","serve":"node web.js","postserve":"bun web.ts"}}`, nil, "bun.lock", "the script start of package.json calls bun", "npm run serve && true --", false},
		{"bunx", `{"scripts":{"start":"bunx serve dist"},"dependencies":{"serve":"1"}}`, nil, "bun.lock", "calls bunx", "bunx serve dist", false},
		{"a setting", `{}`, map[string]string{"BP_START_COMMAND": "bun web.ts"}, "bun.lock", "the process web calls bun", "bun web.ts", false},
		{"packageManager", `{"packageManager":"bun@1.4.5","scripts":{"start":"bun web.ts"}}`, nil, "", "calls bun", "bun web.ts", false},
		{"a script for Node.js", `{"scripts":{"start":"bun run serve","serve":"node web.js"}}`, nil, "bun.lock", "", "node web.js", false},
		{"another manager", `{"scripts":{"start":"bun web.ts"}}`, nil, "yarn.lock", "", "", true},
		{"a setting, and another manager", `{"scripts":{"start":"bun web.ts"}}`, map[string]string{"BP_NODE_PACKAGE_MANAGER": "npm"}, "bun.lock", "", "", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t)
			for name, value := range row.env {
				f.env[name] = value
			}
			f.packageJSON(row.manifest)
			for _, file := range []string{"web.js", "web.ts", "src/web.ts"} {
				write(t, filepath.Join(f.app, file), "1")
			}
			if row.lockfile != "" {
				write(t, filepath.Join(f.app, row.lockfile), "# yarn lockfile v1\n\na@1:\n  version \"1.0.0\"\n")
			}
			result, err := npmstart.Detect(environOf(f.env))(packit.DetectContext{WorkingDir: f.app})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, one := range result.Plan.Requires {
				if one.Name == "bun" {
					got = encoded(t, one.Metadata)
				}
			}
			if row.needs == "" && got != "" || !strings.Contains(got, row.needs) || row.needs != "" && !strings.Contains(got, "launch = true") {
				t.Errorf("Bun is required with %q, want %q", got, row.needs)
			}
			built, err := f.build()
			if refused := errors.Is(err, &failure.Failure{ID: "start-script-cannot-run"}); refused != row.refused || err != nil && !refused {
				t.Fatalf("got %v, want it refused: %v", err, row.refused)
			}
			if row.refused {
				return
			}
			if command := strings.Join(built.Launch.DirectProcesses[0].Command, " "); !strings.HasSuffix(command, row.process) {
				t.Errorf("got %q, want %q at its end", command, row.process)
			}
			if strings.Contains(f.log.String(), "[start-program-unknown]") {
				t.Errorf("got a warning of a program that is there:\n%s", f.log.String())
			}
		})
	}
}

// encoded returns a requirement's metadata as TOML.
func encoded(t *testing.T, metadata any) string {
	t.Helper()
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(metadata); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
