package startup_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/node/startup"
)

// TestBun decides about projects whose package manager is Bun, and about the same
// with npm.
func TestBun(t *testing.T) {
	const (
		hono  = `"dependencies":{"hono":"4"}`
		serve = "import { Hono } from 'hono'\nconst app = new Hono()\nexport default app"
	)
	for _, c := range []struct {
		name      string
		app       files
		bun, node string // the answers with Bun, and with npm
	}{
		{"a script for development", files{"package.json": scripts(`"dev":"bun run --hot src/a.ts"`, hono), "src/a.ts": serve}, "web: bun src/a.ts [PORT]", "nothing"},
		{"the same without run", files{"package.json": scripts(`"dev":"NODE_ENV=x bun --watch ./src/a.tsx"`, hono), "src/a.tsx": serve}, "web: bun src/a.tsx [PORT]", "nothing"},
		{"a script for development that is no server", files{"package.json": scripts(`"dev":"bun run make.ts"`), "make.ts": "console.log(1)", "server.js": "x.listen(1)"}, "web: node server.js", "web: node server.js"},
		{"a script for development of a library", files{"package.json": scripts(`"dev":"bun --watch lib.ts"`, hono), "lib.ts": "export const a = 1"}, "nothing", "nothing"},
		{"a script for development beside a framework", files{"package.json": scripts(`"dev":"bun run server.ts","build":"vite build"`, `"devDependencies":{"vite":"7"}`), "server.ts": "Bun.serve({})"}, "static dist fallback index.html", "static dist fallback index.html"},
		{"a default export in TypeScript", files{"package.json": `{` + hono + `}`, "src/index.ts": serve}, "web: bun src/index.ts [PORT]", "nothing"},
		{"one with components", files{"package.json": `{` + hono + `}`, "src/index.tsx": serve}, "web: bun src/index.tsx [PORT]", "nothing"},
		{"a page with components", files{"package.json": `{` + hono + `}`, "src/index.tsx": "render(<App/>)"}, "nothing", "nothing"},
		{"a default export in JavaScript", files{"package.json": `{"main":"a.js"}`, "a.js": "export default { fetch(r) { return new Response('a') } }"}, "web: bun a.js [PORT]", "nothing"},
		{"one with a port", files{"package.json": `{"main":"a.js"}`, "a.js": "export default { port: 8080, fetch }"}, "web: bun a.js", "nothing"},
		{"one with a port of a variable", files{"package.json": `{"main":"a.js"}`, "a.js": "export default { port: Bun.env.PORT ?? 8080, fetch }"}, "web: bun a.js [PORT]", "nothing"},
		{"a default export of something else", files{"package.json": `{"main":"a.js"}`, "a.js": "export default { a: 1 } // fetch"}, "nothing", "nothing"},
		{"Bun's own server", files{"package.json": `{}`, "index.js": "Bun.serve({ fetch })"}, "web: bun index.js", "web: node index.js"},
		{"Bun's own module", files{"package.json": `{` + hono + `}`, "src/server.js": "import { Database } from 'bun:sqlite'\nx.listen(1)"}, "web: bun src/server.js [PORT]", "web: node src/server.js [PORT]"},
		{"a server for Node.js", files{"package.json": `{}`, "index.js": "import x from 'bunyan'\nx.listen(1)"}, "web: node index.js", "web: node index.js"},
		{"what a build makes", files{"package.json": scripts(`"build":"x"`, hono), "dist/index.js": "Bun.version; serve()"}, "web: node dist/index.js [PORT]", "web: node dist/index.js [PORT]"},
		{"a watcher of a script for development", files{"package.json": scripts(`"dev":"nodemon lib/x.js"`, hono), "lib/x.js": "a.listen(1)"}, "web: node lib/x.js", "web: node lib/x.js"},
		{"the same without a library for servers", files{"package.json": scripts(`"dev":"nodemon lib/x.js"`), "lib/x.js": "a.listen(1)"}, "nothing", "nothing"},
		{"a watcher of what only exports", files{"package.json": scripts(`"dev":"nodemon lib/x.js"`, hono), "lib/x.js": "exports.a = 1"}, "nothing", "nothing"},
		{"a script start", files{"package.json": scripts(`"dev":"bun --hot a.ts","start":"bun run a.ts"`, hono), "a.ts": serve}, "web: bun run a.ts [PORT]", "web: bun run a.ts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for hasBun, want := range map[bool]string{true: c.bun, false: c.node} {
				app, err := decide(t, c.app, nil, func(p *startup.Project) { p.HasBun = hasBun })
				if err != nil {
					t.Fatal(err)
				}
				if got := summary(app); got != want {
					t.Errorf("HasBun %v: got %q, want %q", hasBun, got, want)
				}
			}
		})
	}
}
