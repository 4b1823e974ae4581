package npminstall_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
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
		if entry.Name() == ".package-lock.json" { // npm notes there which packages without scripts it has compiled, which nothing reads
			text = bytes.ReplaceAll(text, []byte("      \"hasInstallScript\": true,\n"), nil)
		}
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
