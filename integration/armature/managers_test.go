//go:build linux && managers

package integration_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/emulation"
)

// managed is an app with one dependency that is made with a manager.
func managed(t *testing.T, pin, start string, more map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{
		"package.json": fmt.Sprintf(`{"name":"app","version":"1.0.0","private":true%s,"scripts":{"start":%q},"dependencies":{"ms":"2.1.3"}}`, pin, start),
		"server.js":    `require("http").createServer((_, r) => r.end(require("ms")(60000))).listen(process.env.PORT || 3000)`,
		"server.ts":    "import ms from \"ms\"\nconst port: number = Number(process.env.PORT || 3000)\nBun.serve({ port, fetch: () => new Response(ms(60000)) })\n",
	}
	for path, text := range more {
		all[path] = text
	}
	for path, text := range all {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Images of every manager start on run-tiny, whose files armature run mounts read-only,
// for both targets.
func TestEveryManagersImageStartsOnATinyReadOnlyRoot(t *testing.T) {
	const (
		integrity = "sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA=="
	)
	berry := "__metadata:\n  version: 10\n  cacheKey: 10c0\n\n\"app@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"app@workspace:.\"\n  dependencies:\n    ms: \"npm:2.1.3\"\n  languageName: unknown\n  linkType: soft\n\n" +
		"\"ms@npm:2.1.3\":\n  version: 2.1.3\n  resolution: \"ms@npm:2.1.3\"\n  checksum: 10c0/d924b57e7312b3b63ad21fc5b3dc0af5e78d61a1fc7cfb5457edaf26326bf62be5307cc87ffb6862ef1c2b33b0233cdb5d4f01c4c958cc0d660948b65a287a48\n  languageName: node\n  linkType: hard\n"
	pnpm := "lockfileVersion: '9.0'\n\nsettings:\n  autoInstallPeers: true\n  excludeLinksFromLockfile: false\n\nimporters:\n\n  .:\n    dependencies:\n      ms:\n        specifier: 2.1.3\n        version: 2.1.3\n\npackages:\n\n  ms@2.1.3:\n    resolution: {integrity: " + integrity + "}\n\nsnapshots:\n\n  ms@2.1.3: {}\n"
	bun := `{"lockfileVersion":1,"workspaces":{"":{"name":"app","dependencies":{"ms":"2.1.3"}}},"packages":{"ms":["ms@2.1.3","",{},"` + integrity + `"]}}`
	for _, to := range targets.All() {
		for _, row := range []struct {
			name, pin, start string
			files            map[string]string
		}{
			{"pnpm 10", `,"packageManager":"pnpm@10.34.9"`, "node server.js", map[string]string{"pnpm-lock.yaml": pnpm}},
			{"pnpm 12", `,"packageManager":"pnpm@12.21.0"`, "node server.js", map[string]string{"pnpm-lock.yaml": pnpm}},
			{"Yarn 1", "", "node server.js", map[string]string{"yarn.lock": "# yarn lockfile v1\n\n\nms@2.1.3:\n  version \"2.1.3\"\n  integrity " + integrity + "\n"}},
			{"Yarn 4", `,"packageManager":"yarn@4.18.1"`, "node server.js", map[string]string{"yarn.lock": berry, ".yarnrc.yml": "nodeLinker: node-modules\n"}},
			{"Yarn 4 with Plug'n'Play", `,"packageManager":"yarn@4.18.1"`, "node server.js", map[string]string{"yarn.lock": berry}},
			{"Bun", "", "node server.js", map[string]string{"bun.lock": bun}},
			{"Bun, which runs it", "", "bun run server.ts", map[string]string{"bun.lock": bun}},
		} {
			t.Run(row.name+" for "+to.String(), func(t *testing.T) {
				if host(t) != to && !emulation.Works(to) {
					t.Skip("this machine has no emulation of " + to.String())
				}
				u := newUser(t, 0)
				b := u.must(managed(t, row.pin, row.start, row.files), "--tag", "managed", "--platform", to.String(), "--run-image", filepath.Join(made.stack, "run-tiny-"+to.Arch))
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
				defer cancel()
				port := freePort(t)
				cmd := u.command(ctx, "run", b.folder, "--port", fmt.Sprint(port))
				cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
				cmd.WaitDelay = 20 * time.Second
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				defer wait(cmd, cancel)
				if got := get(ctx, t, fmt.Sprintf("http://127.0.0.1:%d", port)); got != "1m" {
					t.Errorf("got %q", got)
				}
			})
		}
	}
}

// wait ends a command.
func wait(cmd *exec.Cmd, cancel context.CancelFunc) {
	cancel()
	cmd.Wait()
}
