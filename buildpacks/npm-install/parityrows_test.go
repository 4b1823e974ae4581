package npminstall_test

import (
	"os"
	"os/exec"
	"path/filepath"

	. "github.com/onsi/gomega"
)

// parities are apps, each for one or more rules of npm's.
var parities = []struct {
	name    string
	always  bool // without make npm-lines, too
	prepare func(p *parity)
}{
	{"everything at once", true, func(p *parity) {
		p.publishes("deep", nil, nil)
		p.publishes("tool", map[string]any{"bin": map[string]string{"tool": "index.js"}, "engines": map[string]string{"node": ">=1"}, "config": map[string]any{"port": 80, "x": nil}}, nil)
		p.publishes("@s/real", map[string]any{"dependencies": map[string]string{"deep": "1.0.0"}}, nil)
		p.npms.publish("only", "1.0.0", nil, nil)
		p.npms.publish("fails", "1.0.0", map[string]any{"hasInstallScript": true, "bin": "index.js", "dependencies": map[string]string{"only": "1.0.0"},
			"scripts": map[string]string{"install": p.script + "; exit 3", "postinstall": p.script}}, nil)
		p.npms.publish("gyp", "1.0.0", map[string]any{"hasInstallScript": true, "gypfile": true}, files{"binding.gyp": "{}"})
		p.npms.publish("no-gyp", "1.0.0", map[string]any{"gypfile": false}, files{"binding.gyp": "{}"})
		p.npms.publish("dev", "1.0.0", map[string]any{"hasInstallScript": true, "scripts": p.scripts("install")}, nil)
		p.withLock(files{
			"package.json": p.manifest("app", map[string]any{
				"scripts": p.scripts(everyEvent...), "workspaces": []string{"packages/*"}, "config": map[string]any{"list": []any{1, "two"}, "on": true, "off": false},
				"dependencies":         map[string]string{"alias": "npm:@s/real@1.0.0", "tool": "1.0.0", "gyp": "1.0.0", "no-gyp": "1.0.0", "node-gyp": "1.0.0"},
				"optionalDependencies": map[string]string{"fails": "1.0.0"}, "devDependencies": map[string]string{"dev": "1.0.0"},
				"allowScripts": map[string]bool{"@s/real": true, "tool": true, "deep": true, "gyp": true, "no-gyp": true, "fails": true, "dev": true},
			}),
			"packages/a/package.json": p.manifest("a", map[string]any{"scripts": p.scripts(everyEvent...), "bin": "made.js"}),
			"packages/b/package.json": p.manifest("@w/b", map[string]any{"scripts": map[string]string{"prepare": p.script + " && echo made > ../../made"}}),
		})
	}},
	{"the project's own module in C", false, func(p *parity) {
		p.withLock(files{"package.json": p.manifest("app", map[string]any{"dependencies": map[string]string{"node-gyp": "1.0.0"}}), "binding.gyp": "{}"})
	}},
	{"nothing at all", false, func(p *parity) { p.withLock(files{"package.json": p.manifest("app", nil)}) }},
	{"scripts off", true, func(p *parity) {
		p.publishes("a", nil, nil)
		p.withLock(files{".npmrc": "ignore-scripts=true\n", "package.json": p.manifest("app", map[string]any{"scripts": p.scripts(everyEvent...), "dependencies": map[string]string{"a": "1.0.0"}})})
	}},
	{"scripts in the foreground, with another shell", false, func(p *parity) {
		p.publishes("a", nil, nil)
		p.publishes("b", nil, nil)
		writeFiles(p.t, filepath.Dir(p.events), files{"shell": "#!/bin/sh\nexport FROM=shell\nexec sh \"$@\"\n"})
		p.Expect(os.Chmod(filepath.Join(filepath.Dir(p.events), "shell"), 0o755)).To(Succeed())
		p.withLock(files{
			".npmrc": "foreground-scripts=true\nscript-shell=" + filepath.Join(filepath.Dir(p.events), "shell") + "\n",
			"package.json": p.manifest("app", map[string]any{"dependencies": map[string]string{"a": "1.0.0", "b": "1.0.0"},
				"scripts": map[string]string{"install": p.script, "postinstall": `test "$FROM" = shell`}, "allowScripts": map[string]bool{"a": true, "b": true}}),
		})
	}},
	{"hooks only git runs", false, func(p *parity) {
		p.npms.publish("husky", "9.0.0", map[string]any{"bin": "index.js"}, files{"index.js": "#!/usr/bin/env node\n"})
		p.withLock(files{"package.json": p.manifest("app", map[string]any{"devDependencies": map[string]string{"husky": "9.0.0"},
			"scripts": map[string]string{"prepare": "husky || true", "postinstall": p.script}})})
	}},
	{"a script that is called env", false, func(p *parity) {
		p.withLock(files{"package.json": p.manifest("app", map[string]any{"scripts": map[string]string{"env": "exit 1", "preenv": "exit 1", "install": p.script}})})
	}},
	{"some scripts allowed, some denied, some neither", false, func(p *parity) {
		for _, name := range []string{"allowed", "versions", "denied", "neither"} {
			p.publishes(name, nil, nil)
		}
		p.withLock(files{"package.json": p.manifest("app", map[string]any{
			"dependencies": map[string]string{"allowed": "1.0.0", "versions": "1.0.0", "denied": "1.0.0", "neither": "1.0.0"},
			"allowScripts": map[string]bool{"allowed": true, "versions@1.0.0 || 2.0.0": true, "denied@1.0.0": false},
		})})
	}},
	{"bundled packages", false, func(p *parity) {
		p.publishes("bundles", map[string]any{"dependencies": map[string]string{"inner": "1.0.0"}, "bundleDependencies": []string{"inner"}},
			files{"node_modules/inner/package.json": p.manifest("inner", map[string]any{"scripts": p.scripts("install")})})
		p.publishes("inner", nil, nil)
		p.withLock(files{"package.json": p.manifest("app", map[string]any{"dependencies": map[string]string{"bundles": "1.0.0"}, "allowScripts": map[string]bool{"bundles": true}})})
	}},
	{"a folder, an archive and their scripts", false, func(p *parity) {
		writeFiles(p.t, p.app, files{"vendor/a.tgz": string(pack(p.t, files{"package.json": p.manifest("archived", map[string]any{"scripts": p.scripts(everyEvent...)})}))})
		p.withLock(files{
			"lib/package.json": p.manifest("lib", map[string]any{"scripts": p.scripts(everyEvent...)}),
			"package.json": p.manifest("app", map[string]any{"dependencies": map[string]string{"lib": "file:lib", "archived": "file:vendor/a.tgz"},
				"allowScripts": map[string]bool{"file:lib": true, "file:vendor/a.tgz": true}}),
		})
	}},
	{"a git package that is made by its scripts", false, func(p *parity) {
		p.npms.publish("maker", "1.0.0", map[string]any{"bin": "index.js"},
			files{"index.js": "#!/usr/bin/env node\nconst fs = require('fs'); fs.mkdirSync('dist', {recursive: true}); fs.writeFileSync('dist/index.js', '#!/usr/bin/env node\\n')\n"})
		source := p.repository(files{
			".gitignore": "dist\n",
			"package.json": p.manifest("built", map[string]any{"main": "dist/index.js", "bin": "dist/index.js", "files": []string{"dist"},
				"devDependencies": map[string]string{"maker": "1.0.0"}, "scripts": map[string]string{"prepare": "maker", "postinstall": p.script}}),
			"left-out.js": "",
		})
		p.withLock(files{".npmrc": "allow-git=all\n", "package.json": p.manifest("app", map[string]any{"dependencies": map[string]string{"built": source},
			"allowScripts": map[string]bool{source: true}})})
	}},
	{"an optional git package that cannot be made", false, func(p *parity) {
		p.npms.publish("only", "1.0.0", nil, nil)
		source := p.repository(files{"package.json": p.manifest("broken", map[string]any{"dependencies": map[string]string{"only": "1.0.0"},
			"scripts": map[string]string{"prepare": "exit 1", "postinstall": p.script}})})
		p.publishes("a", nil, nil)
		p.withLock(files{".npmrc": "allow-git=all\n", "package.json": p.manifest("app", map[string]any{"dependencies": map[string]string{"a": "1.0.0"},
			"optionalDependencies": map[string]string{"broken": source}, "allowScripts": map[string]bool{"a": true, source: true}})})
	}},
}

// repository makes a git repository, and returns npm's address for it.
func (p *parity) repository(contents files) string {
	p.t.Helper()
	dir := p.t.TempDir()
	writeFiles(p.t, dir, contents)
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "-A"}, {"-c", "user.email=a@example.com", "-c", "user.name=a", "commit", "-qm", "a"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if output, err := cmd.CombinedOutput(); err != nil {
			p.t.Fatalf("git %q: %s\n%s", args, err, output)
		}
	}
	return "git+file://" + dir
}
