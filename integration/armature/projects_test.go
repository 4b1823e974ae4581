//go:build linux

package integration_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// monorepo makes a folder with two apps that share a package with a build script, and
// the folder of a third that cannot start.
func monorepo(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range map[string]string{
		"package.json": `{"name":"shop","version":"1.0.0","private":true,"workspaces":["apps/*","packages/*"]}`,
		"package-lock.json": `{"name":"shop","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
"":{"name":"shop","version":"1.0.0","workspaces":["apps/*","packages/*"]},
"apps/api":{"version":"1.0.0","dependencies":{"@shop/lib":"1.0.0"}},"apps/idle":{"version":"1.0.0"},"apps/web":{"version":"1.0.0","dependencies":{"@shop/lib":"1.0.0"}},"packages/lib":{"name":"@shop/lib","version":"1.0.0"},
"node_modules/@shop/lib":{"resolved":"packages/lib","link":true},"node_modules/api":{"resolved":"apps/api","link":true},"node_modules/idle":{"resolved":"apps/idle","link":true},"node_modules/web":{"resolved":"apps/web","link":true}}}`,
		"apps/api/package.json":     `{"name":"api","version":"1.0.0","scripts":{"start":"node server.js"},"dependencies":{"@shop/lib":"1.0.0"}}`,
		"apps/api/server.js":        `require("http").createServer((_, r) => r.end("api " + require("@shop/lib"))).listen(process.env.PORT || 3000)`,
		"apps/web/package.json":     `{"name":"web","version":"1.0.0","scripts":{"start":"node server.js"},"dependencies":{"@shop/lib":"1.0.0"}}`,
		"apps/web/server.js":        `require("http").createServer((_, r) => r.end("web " + require("@shop/lib"))).listen(process.env.PORT || 3000)`,
		"apps/idle/package.json":    `{"name":"idle","version":"1.0.0"}`,
		"packages/lib/package.json": `{"name":"@shop/lib","version":"1.0.0","main":"dist.js","scripts":{"build":"node -e \"fs.writeFileSync('dist.js', 'module.exports = 42')\""}}`,
	} {
		place := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// One call makes the images that calls for each would make; one that fails leaves the
// others; the table comes last.
func TestProjectsOfOneFolderGetTheirImagesInOneCall(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	app := monorepo(t)
	cmd := u.command(t.Context(), "build", app, "--tag", "projects:1", "--project", "apps/api", "--project", "apps/idle", "--project", "apps/web=projects-front")
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if status := cmd.ProcessState.ExitCode(); status != 1 {
		t.Errorf("got status %d, want 1: apps/idle cannot start\n%s", status, &log)
	}
	images := strings.Fields(out.String())
	if len(images) != 2 || !strings.Contains(images[0], "projects-api:1@sha256:") || !strings.Contains(images[1], "projects-front:latest@sha256:") {
		t.Fatalf("got %q\n%s", images, &log)
	}
	table := regexp.MustCompile(`(?m)^project +image +digest +size +time
apps/api +projects-api:1 +sha256:[0-9a-f]{64} +[0-9.]+ MB +[0-9.]+ s
apps/idle +projects-idle:1 +- +- +\[start-script-missing\]
apps/web +projects-front +sha256:[0-9a-f]{64} +[0-9.]+ MB +[0-9.]+ s
\z`)
	if !table.MatchString(log.String()) || !strings.Contains(log.String(), "[apps/web] ===> ") || !strings.Contains(log.String(), "[apps/idle] [start-script-missing] ") {
		t.Errorf("got\n%s", &log)
	}
	alone := u.must(app, "--tag", "projects-alone", "--env", "BP_NODE_PROJECT_PATH=apps/web")
	if _, digest, _ := strings.Cut(images[1], "@"); digest != alone.digest {
		t.Errorf("got %s with others, %s alone", digest, alone.digest)
	}
}
