package project_test

import (
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/node/project"
)

func TestTheOnlyWorkspaceThatCanBeStarted(t *testing.T) {
	const (
		start = `{"scripts":{"start":"node ."}}`
		root  = `{"workspaces":["apps/*","packages/**"],"scripts":{"build":"true"}}`
		lib   = `{"main":"index.js","scripts":{"build":"tsc"}}`
	)
	for _, tc := range []struct {
		name  string
		env   map[string]string
		files map[string]string
		dir   string // relative to the app
		root  string
	}{
		{name: "one", files: map[string]string{"package.json": root, "apps/web/package.json": start}, dir: "apps/web"},
		{name: "one beside a library", files: map[string]string{"package.json": root, "apps/web/package.json": start, "packages/a/b/package.json": lib, "packages/a/b/index.js": ""}, dir: "apps/web"},
		{name: "a site", files: map[string]string{"package.json": root, "apps/web/package.json": `{"devDependencies":{"vite":"7"},"scripts":{"build":"vite build"}}`}, dir: "apps/web"},
		{name: "a site beside a server that does not show", files: map[string]string{"package.json": root, "apps/web/package.json": `{"devDependencies":{"vite":"7"},"scripts":{"build":"vite build"}}`, "apps/api/package.json": `{"dependencies":{"express":"5"},"scripts":{"dev":"x"}}`}},
		{name: "a site beside a program", files: map[string]string{"package.json": root, "apps/web/package.json": `{"devDependencies":{"vite":"7"},"scripts":{"build":"vite build"}}`, "apps/api/package.json": `{"bin":"a.js"}`}},
		{name: "deep, with its own lockfile", files: map[string]string{"package.json": root, "packages/a/b/package.json": start, "packages/a/b/package-lock.json": "{}"}, dir: "packages/a/b", root: "packages/a/b"},
		{name: "a server and the site that it brings", files: map[string]string{"package.json": root, "apps/web/package.json": `{"name":"web","devDependencies":{"vite":"7"},"scripts":{"build":"vite build"}}`, "apps/api/package.json": `{"dependencies":{"web":"*"},"scripts":{"start":"node ."}}`}, dir: "apps/api"},
		{name: "a program of a server in workspaces, and the site that it brings", files: map[string]string{
			"package.json":              root,
			"packages/ui/package.json":  `{"name":"@x/ui","devDependencies":{"vite":"7"},"scripts":{"build":"vite build"}}`,
			"packages/api/package.json": `{"name":"@x/api","main":"dist/index.js","dependencies":{"fastify":"5"},"scripts":{"build":"tsc"}}`,
			"packages/mcp/package.json": `{"name":"@x/mcp","bin":"dist/mcp.js","scripts":{"build":"tsc"}}`,
			"packages/cli/package.json": `{"name":"x","bin":{"x":"./dist/bin/x.js"},"dependencies":{"@x/api":"workspace:*","@x/ui":"workspace:*","@x/mcp":"*"},"scripts":{"build":"tsc"}}`,
		}, dir: "packages/cli"},
		{name: "a server and tests that need it", files: map[string]string{"package.json": root, "apps/api/package.json": `{"name":"api","dependencies":{"express":"5"},"scripts":{"start":"node ."}}`, "apps/e2e/package.json": `{"main":"index.js","bin":"index.js","dependencies":{"api":"*"}}`, "apps/e2e/index.js": "run()"}, dir: "apps/api"},
		{name: "two servers that share a library", files: map[string]string{"package.json": root, "apps/a/package.json": `{"name":"a","dependencies":{"lib":"*"},"scripts":{"start":"node ."}}`, "apps/b/package.json": `{"name":"b","dependencies":{"lib":"*"},"scripts":{"start":"node ."}}`, "packages/lib/package.json": `{"name":"lib","dependencies":{"express":"5"}}`}},
		{name: "workspaces that need each other", files: map[string]string{"package.json": root, "apps/a/package.json": `{"name":"a","dependencies":{"b":"*"},"scripts":{"start":"node ."}}`, "apps/b/package.json": `{"name":"b","dependencies":{"a":"*"},"scripts":{"start":"node ."}}`}},
		{name: "two", files: map[string]string{"package.json": root, "apps/web/package.json": start, "apps/api/package.json": start}},
		{name: "a root that starts", files: map[string]string{"package.json": `{"workspaces":["apps/*"],"scripts":{"start":"node a.js"}}`, "apps/web/package.json": start}},
		{name: "a root that starts a development server", files: map[string]string{"package.json": `{"workspaces":["apps/*"],"scripts":{"start":"vite","build":"vite build"},"devDependencies":{"vite":"7"}}`, "apps/web/package.json": start}},
		{name: "a script of each workspace that one has", files: map[string]string{"package.json": `{"workspaces":["apps/*"],"scripts":{"start":"turbo run start --concurrency 2"},"devDependencies":{"turbo":"2"}}`, "apps/web/package.json": start, "apps/site/package.json": `{"scripts":{"build":"vite build"},"devDependencies":{"vite":"7"}}`}, dir: "apps/web"},
		{name: "a script of each workspace that several have", files: map[string]string{"package.json": `{"workspaces":["apps/*"],"scripts":{"start":"pnpm -r run start"}}`, "apps/web/package.json": start, "apps/api/package.json": start}},
		{name: "a root whose tool for that is missing", files: map[string]string{"package.json": `{"workspaces":["apps/*"],"scripts":{"start":"turbo run start"},"devDependencies":{"turbo":"2"}}`, "apps/web/package.json": start}, dir: "apps/web"},
		{name: "one that yarn starts", files: map[string]string{"package.json": `{"workspaces":["apps/*"],"scripts":{"start":"dotenv -- yarn workspace @my/api start"}}`, "apps/web/package.json": start, "apps/api/package.json": `{"name":"@my/api","scripts":{"start":"node ."}}`}, dir: "apps/api"},
		{name: "one that yarn starts in its folder", files: map[string]string{"package.json": `{"workspaces":["apps/*"],"scripts":{"build":"vite build","start":"yarn --cwd ./apps/api start"},"devDependencies":{"vite":"7"}}`, "apps/web/package.json": start, "apps/api/package.json": start}, dir: "apps/api"},
		{name: "one that bun starts in its folder", files: map[string]string{"package.json": `{"workspaces":["web","api"],"scripts":{"start":"cd api && bun run start"}}`, "web/package.json": start, "api/package.json": start}, dir: "api"},
		{name: "one that pnpm starts", files: map[string]string{"package.json": `{"workspaces":["web","api"],"scripts":{"prod":"pnpm --filter my-api run prod"}}`, "web/package.json": start, "api/package.json": `{"name":"my-api","scripts":{"prod":"node ."}}`}, dir: "api"},
		{name: "one that npm starts, which is left to npm", files: map[string]string{"package.json": `{"workspaces":["web","api"],"scripts":{"start":"npm start -w api"}}`, "web/package.json": start, "api/package.json": start}},
		{name: "not listed", files: map[string]string{"package.json": root, "other/web/package.json": start}},
		{name: "in node_modules", files: map[string]string{"package.json": root, "packages/node_modules/a/package.json": start}},
		{name: "a setting for the command", env: map[string]string{"BP_START_COMMAND": "node x"}, files: map[string]string{"package.json": root, "apps/web/package.json": start}},
		{name: "a setting for the folder", env: map[string]string{"BP_NODE_PROJECT_PATH": "."}, files: map[string]string{"package.json": root, "apps/web/package.json": start}},
		{name: "no workspaces", files: map[string]string{"package.json": "{}", "apps/web/package.json": start}},
		{name: "an unreadable workspace", files: map[string]string{"package.json": root, "apps/web/package.json": "{"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			app := t.TempDir()
			for name, text := range tc.files {
				writeFile(t, filepath.Join(app, name), text)
			}
			got, err := project.Find(app, func(name string) string { return tc.env[name] })
			chosen := got.Chosen
			got.Chosen = ""
			if want := (project.Project{Dir: filepath.Join(app, tc.dir), Root: filepath.Join(app, tc.root)}); err != nil || got != want || (chosen != "") != (tc.dir != "") {
				t.Errorf("got %+v (%s), %v, want %+v", got, chosen, err, want)
			}
		})
	}
}
