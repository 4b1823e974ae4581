package npminstall_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
)

// recorder is a program for Node.js that appends what a script has to a file, one
// JSON object a line: its event, its folder and npm's variables.
const recorder = `const env = Object.fromEntries(Object.entries(process.env).filter(([k]) => /^npm_/i.test(k) || ["INIT_CWD", "NODE_ENV", "NODE", "PATH", "NODE_PATH"].includes(k)))
require("fs").appendFileSync(process.env.EVENTS, JSON.stringify({event: process.env.npm_lifecycle_event, dir: process.cwd(), env}) + "\n")
`

// record is one run of the recorder.
type record struct {
	Event string            `json:"event"`
	Dir   string            `json:"dir"`
	Env   map[string]string `json:"env"`
}

func (r record) String() string { return r.Event + " " + r.Dir }

// parity is an app that is installed by npm and by a build.
type parity struct {
	*fixture
	events string // the recorder's file
	script string // a command that records
}

func newParity(t *testing.T, npmDir string) *parity {
	p := &parity{fixture: newFixture(t)}
	dir := t.TempDir()
	p.events = filepath.Join(dir, "events")
	writeFiles(t, dir, files{"record.js": recorder})
	p.script = "node " + filepath.Join(dir, "record.js")
	p.env = p.env.With("EVENTS", p.events)
	p.npms.publish("node-gyp", "1.0.0", map[string]any{"bin": "index.js"}, files{"index.js": "#!/usr/bin/env node\n" + recorder})
	if npmDir != "" {
		p.env = p.env.With("PATH", npmDir+":"+p.env.Get("PATH"))
	}
	return p
}

// scripts are scripts of a package.json that record.
func (p *parity) scripts(events ...string) map[string]string {
	all := map[string]string{}
	for _, event := range events {
		all[event] = p.script
	}
	return all
}

// everyEvent is what npm may run for a package.
var everyEvent = []string{"preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare", "predependencies", "dependencies", "postdependencies"}

// packages publishes a package that records in every event.
func (p *parity) publishes(name string, extra map[string]any, contents files) {
	all := map[string]any{"hasInstallScript": true, "scripts": p.scripts(everyEvent...)}
	maps.Copy(all, extra)
	p.npms.publish(name, "1.0.0", all, contents)
}

// manifest is the text of a package.json.
func (p *parity) manifest(name string, fields map[string]any) string {
	all := map[string]any{"name": name, "version": "1.0.0"}
	maps.Copy(all, fields)
	text, err := json.Marshal(all)
	p.Expect(err).NotTo(HaveOccurred())
	return string(text)
}

// cloned matches the folder in which npm makes a git package, which has a name of
// its own each time.
var cloned = regexp.MustCompile(`"dir":"[^"]*/git-clone\w+"`)

// taken returns what was recorded, with /workspace for the project's folder, and
// forgets it.
func (p *parity) taken(dir string) (all []record) {
	p.t.Helper()
	text, err := os.ReadFile(p.events)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.t.Fatal(err)
	}
	p.Expect(os.RemoveAll(p.events)).To(Succeed())
	text = cloned.ReplaceAll(text, []byte(`"dir":"/clone"`))
	for line := range strings.Lines(strings.ReplaceAll(string(text), dir, "/workspace")) {
		var one record
		p.Expect(json.Unmarshal([]byte(line), &one)).To(Succeed())
		all = append(all, one)
	}
	return all
}

// byNPM installs a copy of the app with npm itself, with devDependencies and then
// without. It returns what each recorded, and the tree of the second.
func (p *parity) byNPM() (build, launch []record, tree map[string]string) {
	p.t.Helper()
	dir := p.t.TempDir()
	p.Expect(os.Remove(dir)).To(Succeed())
	p.copy(p.app, dir)
	install := func(env environ.List, flag string) []record {
		p.Expect(os.RemoveAll(filepath.Join(dir, "node_modules"))).To(Succeed())
		npm(p.t, env, dir, "ci", flag, "--prefer-offline")
		return p.taken(dir)
	}
	build = install(p.env.With("NODE_ENV", "development"), "--include=dev")
	launch = slices.DeleteFunc(install(p.env, "--omit=dev"), func(r record) bool { return installscripts.IsPreparing(r.Event) })
	return build, launch, p.tree(dir, dir)
}

// tree describes the files of node_modules folders, but for native ones.
func (p *parity) tree(dir, project string) map[string]string {
	p.t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		rel := strings.TrimPrefix(path, dir+"/")
		if err != nil || !strings.Contains("/"+rel+"/", "/node_modules/") || entry.IsDir() || strings.HasSuffix(rel, ".node") {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if to, err := os.Readlink(path); err == nil {
			if !filepath.IsAbs(to) {
				to = filepath.Join(filepath.Dir(filepath.Join(project, rel)), to)
			}
			all[rel] = "to " + strings.ReplaceAll(to, project, "/workspace")
			return nil
		}
		text, err := os.ReadFile(path)
		all[rel] = info.Mode().String() + " " + strings.ReplaceAll(string(text), project, "/workspace")
		return err
	})
	p.Expect(err).NotTo(HaveOccurred())
	return all
}

// unlike are variables that a build sets and npm alone does not, or to other
// values.
func unlike(name string, crosses bool) bool {
	name = strings.TrimPrefix(strings.ToLower(name), "npm_config_")
	own := []string{"cache", "logs_dir", "logs_max", "loglevel", "update_notifier", "audit", "fund", "progress", "nodedir"}
	across := []string{"arch", "target_arch", "platform", "target_platform", "target_libc", "os", "cpu", "libc"}
	return slices.Contains(own, name) || crosses && slices.Contains(across, name)
}

// same compares what was recorded.
func same(t *testing.T, what string, got, want []record, crosses bool) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got the events %s, want %s", what, g, w)
		return
	}
	for i, one := range got {
		if one.Dir == "/clone" {
			continue // by npm itself
		}
		names := maps.Clone(one.Env)
		maps.Copy(names, want[i].Env)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if g, w := one.Env[name], want[i].Env[name]; g != w && !unlike(name, crosses) {
				t.Errorf("%s, %s: got %s=%q, want %q", what, one, name, g, w)
			}
		}
	}
}

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

// A build runs the scripts that npm would run, natively and for another target: in
// the same order and folders, with the same environment, and it makes the same
// trees. Only what prepares does not run for the launch.
func TestScriptsRunAsWithNPM(t *testing.T) {
	t.Parallel()
	needNPM(t)
	lines := []string{""}
	if len(npmLines) > 1 {
		lines = npmLines
	}
	for _, line := range lines {
		for _, row := range parities {
			if line == "" && !row.always && os.Getenv("ARMATURE_PARITY") != "all" {
				continue
			}
			for _, crosses := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, across %t %s", row.name, crosses, line), func(t *testing.T) {
					t.Parallel()
					dir := ""
					if line != "" {
						dir = npmOf(t, line)
					}
					p := newParity(t, dir)
					row.prepare(p)
					p.taken(p.app)
					build, launch, tree := p.byNPM()
					if crosses {
						p.env = p.env.With("CNB_TARGET_ARCH", otherTarget(t).Arch)
					}
					p.built(buildAndLaunch)
					got := p.taken(p.app)
					if len(got) < len(build) {
						t.Fatalf("got %s, want %s and then %s\n%s", got, build, launch, p.log.String())
					}
					same(t, "for the build", got[:len(build)], build, false)
					same(t, "for the launch", got[len(build):], launch, crosses)
					if got := p.tree(p.in("launch-modules"), p.app); !maps.Equal(got, tree) {
						t.Errorf("got %s", difference(got, tree))
					}
				})
			}
		}
	}
}

// difference lists what differs between two trees.
func difference(got, want map[string]string) string {
	all := maps.Clone(want)
	maps.Copy(all, got)
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if got[path] != want[path] {
			lines = append(lines, fmt.Sprintf("%s: %q, want %q", path, got[path], want[path]))
		}
	}
	return strings.Join(lines, "\n")
}
