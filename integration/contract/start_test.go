package contract_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/buildpacks/lifecycle/buildpack"
	"github.com/buildpacks/lifecycle/launch"
	"golang.org/x/sys/unix"
)

// scripts is an app with these scripts, as JSON.
func scripts(text string) contents {
	return contents{"package.json": `{"name":"app","version":"1.2.3","config":{"port":"8080"},"scripts":{` + text + `}}`}
}

func TestNPMStartPlan(t *testing.T) {
	for _, tc := range []struct {
		name, scripts, want string
		env                 []string
	}{
		{"of a plain command", `"start":"node ."`, "node launch=true\nnpm launch=false\nnode_modules launch=true relinks=true", nil},
		{"of a script that calls npm", `"start":"npm run serve"`, "node launch=true\nnpm launch=true version-source=package.json: the script start calls npm\nnode_modules launch=true npm=true relinks=true", nil},
		{"under tini", `"start":"node ."`, "node launch=true\ntini launch=true\nnode_modules launch=true relinks=true", []string{"BP_LAUNCH_WITH_TINI=true"}},
		{"with live reload", `"start":"node ."`, "node launch=true\nnpm launch=false\nnode_modules launch=true relinks=true\nwatchexec launch=true", []string{"BP_LIVE_RELOAD_ENABLED=T"}},
		{"with live reload under tini", `"start":"node ."`, "node launch=true\ntini launch=true\nnode_modules launch=true relinks=true\nwatchexec launch=true", []string{"BP_LIVE_RELOAD_ENABLED=1", "BP_LAUNCH_WITH_TINI=1"}},
		{"of the script that was chosen", `"serve":"node ."`, "node launch=true\nnpm launch=false\nnode_modules launch=true relinks=true", []string{"BP_NPM_START_SCRIPT=serve"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := newWorld(t, scripts(tc.scripts)).set(tc.env...).detect(start)
			equal(t, "status", out.Code, passed)
			equal(t, "provides", provided(out.PlanSections), "")
			equal(t, "alternatives", len(out.Or), 0)
			equal(t, "requires", describeAll(out.Requires), tc.want)
		})
	}
}

func TestNPMStartDetectionEndsWith(t *testing.T) {
	for _, tc := range []struct {
		name   string
		files  contents
		env    []string
		status int
		says   string
	}{
		{"1 without the project's folder", scripts(`"start":"x"`), []string{"BP_NODE_PROJECT_PATH=web"}, failed, "could not find project path"},
		{"100 without package.json", nil, nil, notFor, "package.json"},
		{"100 without one in the project's folder", contents{"web/x": ""}, []string{"BP_NODE_PROJECT_PATH=web"}, notFor, "web"},
		{"1 for what is no JSON", contents{"package.json": "{"}, nil, failed, "failed to open package.json"},
		{"1 for a chosen script that does not exist", scripts(`"start":"x"`), []string{"BP_NPM_START_SCRIPT=serve"}, failed, `no script entry with name "serve" exists`},
		{"100 without a start script", scripts(`"test":"x"`), nil, notFor, "no start script in package.json"},
		{"100 for one that is empty", scripts(`"start":""`), nil, notFor, "no start script in package.json"},
		{"1 for BP_LAUNCH_WITH_TINI that is no boolean", scripts(`"start":"x"`), []string{"BP_LAUNCH_WITH_TINI=yes"}, failed, "failed to parse BP_LAUNCH_WITH_TINI value"},
		{"1 for BP_LIVE_RELOAD_ENABLED that is no boolean", scripts(`"start":"x"`), []string{"BP_LIVE_RELOAD_ENABLED=yes"}, failed, "BP_LIVE_RELOAD_ENABLED"},
		{"0 for switches that are off", scripts(`"start":"x"`), []string{"BP_LIVE_RELOAD_ENABLED=false", "BP_LAUNCH_WITH_TINI=F"}, passed, ""},
		{"100 before a look at the switches", scripts(``), []string{"BP_LAUNCH_WITH_TINI=yes"}, notFor, "no start script"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := newWorld(t, tc.files).set(tc.env...).detect(start)
			equal(t, "status", out.Code, tc.status)
			contain(t, "output", string(out.Output), tc.says)
		})
	}
}

func TestNPMStartBuildRefusesWhatDetectionRefuses(t *testing.T) {
	for _, pair := range []string{"BP_NODE_PROJECT_PATH=web", "BP_NPM_START_SCRIPT=serve", "BP_LAUNCH_WITH_TINI=yes", "BP_LIVE_RELOAD_ENABLED=yes"} {
		w := newWorld(t, scripts(`"start":"x"`)).set(pair)
		_, status := w.build(start)
		equal(t, pair, status, failed)
	}
}

// describeProcess is a process in one line, its default one with a star; the
// app's folder is <app>, the supervisor's path <supervisor>.
func (w *world) describeProcess(p launch.Process) string {
	star := ""
	if p.Default {
		star = "*"
	}
	if !p.Direct || len(p.Args) > 0 {
		star += fmt.Sprintf(" direct=%v args=%q", p.Direct, p.Args)
	}
	var quoted []string
	for _, word := range p.Command.Entries {
		if strings.ContainsAny(word, " ") {
			word = "'" + strings.ReplaceAll(word, "\n", " ") + "'"
		}
		quoted = append(quoted, word)
	}
	line := fmt.Sprintf("%s%s in %s: %s", p.Type, star, p.WorkingDirectory, strings.Join(quoted, " "))
	line = strings.ReplaceAll(strings.ReplaceAll(line, w.dir(start, "supervisor/bin/supervisor"), "<supervisor>"), w.app, "<app>")
	return ignored.ReplaceAllStringFunc(line, func(all string) string {
		// The contract's values, with an ellipsis for others.
		want := " --ignore <app>/package.json --ignore <app>/package-lock.json --ignore <app>/node_modules"
		for _, one := range strings.Split(want, " --ignore ")[1:] {
			if !strings.Contains(all+" ", " --ignore "+one+" ") {
				return all
			}
		}
		return want + " …"
	})
}

var ignored = regexp.MustCompile(`( --ignore \S+)+`)

func TestNPMStartProcesses(t *testing.T) {
	watch := "watchexec --restart --watch <app> --ignore <app>/package.json --ignore <app>/package-lock.json --ignore <app>/node_modules … --shell none -- "
	for _, tc := range []struct {
		name, scripts string
		env           []string
		want          []string
	}{
		{"a plain command", `"start":"node server.js --port 80"`, nil, []string{"web* in <app>: <supervisor> -- node server.js --port 80"}},
		{"shell syntax", `"start":"A=1 node server.js | cat"`, nil, []string{"web* in <app>: <supervisor> -event start -shell 'A=1 node server.js | cat' --"}},
		{"hooks", `"start":"node s.js","prestart":"echo a","poststart":"echo b"`, nil, []string{"web* in <app>: <supervisor> -event start -pre 'echo a' -post 'echo b' -- node s.js"}},
		{"another script and its hooks", `"serve":"node s.js","preserve":"a","prestart":"b"`, []string{"BP_NPM_START_SCRIPT=serve"}, []string{"web* in <app>: <supervisor> -event serve -pre a -- node s.js"}},
		{"tini", `"start":"node s.js"`, []string{"BP_LAUNCH_WITH_TINI=true"}, []string{"web* in <app>: tini -g -- node s.js"}},
		{"tini and hooks", `"start":"node s.js","prestart":"a"`, []string{"BP_LAUNCH_WITH_TINI=true"}, []string{`web* in <app>: tini -g -- sh -c 'trap exit TERM INT QUIT HUP; trap : USR1 USR2 a && node s.js "$@"' sh`}},
		{"live reload", `"start":"node s.js"`, []string{"BP_LIVE_RELOAD_ENABLED=true"}, []string{"web* in <app>: " + watch + "<supervisor> -- node s.js", "no-reload in <app>: <supervisor> -- node s.js"}},
		{"live reload and tini", `"start":"node s.js"`, []string{"BP_LIVE_RELOAD_ENABLED=true", "BP_LAUNCH_WITH_TINI=true"}, []string{"web* in <app>: " + watch + "tini -g -- node s.js", "no-reload in <app>: tini -g -- node s.js"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, scripts(tc.scripts)).set(tc.env...)
			out := w.built(start)
			var got []string
			for _, process := range out.Processes {
				got = append(got, w.describeProcess(process))
			}
			equal(t, "processes", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			equal(t, "files of the app", visible(names2(t, w.app)), "package.json")
			equal(t, "labels, bills of materials", len(out.Labels)+len(out.BOMFiles), 0)
		})
	}
}

// names2 lists a folder.
func names2(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return sorted(all)
}

func TestNPMStartWorksInTheProjectsFolder(t *testing.T) {
	for mode, want := range map[string]string{"false": "<supervisor> -- node s.js", "true": "tini -g -- node s.js"} {
		w := newWorld(t, contents{"my web/package.json": `{"scripts":{"start":"node s.js"}}`}).set("BP_NODE_PROJECT_PATH=my web", "BP_LAUNCH_WITH_TINI="+mode)
		out := w.built(start)
		equal(t, "process", w.describeProcess(out.Processes[0]), "web* in <app>/my web: "+want)
	}
}

// command is the app's process with these arguments of the container.
func (w *world) command(process launch.Process, arguments ...string) *exec.Cmd {
	w.t.Helper()
	words := append(append([]string{}, process.Command.Entries...), process.Args...)
	environment := w.launched()
	cmd := exec.Command(words[0], append(words[1:], arguments...)...)
	cmd.Dir = process.WorkingDirectory
	cmd.Env = environment.List()
	return cmd
}

func statusOf(t *testing.T, err error) int {
	t.Helper()
	var exited *exec.ExitError
	if err == nil {
		return 0
	}
	if !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return exited.ExitCode()
}

func TestNPMStartRunsTheScript(t *testing.T) {
	for _, tc := range []struct {
		name, scripts, says string
		arguments           []string
		status              int
	}{
		{name: "its status", scripts: `"start":"sh -c 'exit 7'"`, status: 7},
		{name: "its status, from a shell", scripts: `"start":"echo x; exit 7"`, says: "x\n", status: 7},
		{name: "arguments, whole", scripts: `"start":"printf '<%s>' a"`, arguments: []string{"b c", "$HOME"}, says: "<a><b c><$HOME>"},
		{name: "hooks", scripts: `"prestart":"echo pre","start":"echo main","poststart":"echo post"`, says: "pre\nmain\npost\n"},
		{name: "a prestart that fails", scripts: `"prestart":"exit 3","start":"echo main","poststart":"echo post"`, status: 3},
		{name: "no poststart after a failure", scripts: `"start":"exit 4","poststart":"echo post"`, status: 4},
		{name: "what npm gives a script", scripts: `"start":"echo $npm_package_name $npm_package_version $npm_package_config_port $npm_lifecycle_event $INIT_CWD/x | sed s:/.*/:/:"`, says: "app 1.2.3 8080 start /x\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t, scripts(tc.scripts))
			out := w.built(start)
			cmd := w.command(out.Processes[0], tc.arguments...)
			var stdout bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, os.Stderr
			equal(t, "status", statusOf(t, cmd.Run()), tc.status)
			equal(t, "output", stdout.String(), tc.says)
		})
	}
}

func TestNPMStartForwardsSignals(t *testing.T) {
	for _, tc := range []struct{ name, script string }{
		{"to a plain command", `"start":"sh app.sh"`},
		{"to a command of a list, with a poststart", `"start":"true && sh app.sh","poststart":"echo post"`},
	} {
		for _, signal := range []unix.Signal{unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGUSR2} {
			t.Run(tc.name+": "+unix.SignalName(signal), func(t *testing.T) {
				w := newWorld(t, scripts(tc.script).with(contents{"app.sh": fmt.Sprintf("trap 'echo got; exit 7' %d\necho ready >ready\nwhile :; do sleep 0.05; done\n", signal)}))
				out := w.built(start)
				cmd := w.command(out.Processes[0])
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				defer time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() }).Stop()
				for tries := 0; tries < 500; tries++ {
					if _, err := os.Stat(filepath.Join(w.app, "ready")); err == nil {
						break
					}
					time.Sleep(10 * time.Millisecond)
				}
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				equal(t, "status", statusOf(t, cmd.Wait()), 7)
			})
		}
	}
}

func TestNPMStartPutsTheModulesProgramsFirst(t *testing.T) {
	w := newWorld(t, scripts(`"start":"node ."`))
	w.built(start)
	path := w.launched().Get("PATH")
	path = strings.TrimPrefix(path, w.dir(start, "supervisor/bin")+":") // which has nothing else in it
	equal(t, "PATH: "+path, strings.HasPrefix(path, filepath.Join(w.app, "node_modules/.bin")+":"), true)
}

func TestTheGroupWithoutAStartScriptAndWithoutReload(t *testing.T) {
	bundler := consumer{id: "example/bundler", plan: buildpack.PlanSections{Requires: plan("node_modules", []string{"build"})}}
	found, _, err := newWorld(t, scripts(``)).group(bundler)
	if err != nil || len(found) != 3 {
		t.Errorf("npm-start does not drop out: %v, %v", found, err)
	}
	for _, switches := range []string{"BP_LIVE_RELOAD_ENABLED=true", "BP_LAUNCH_WITH_TINI=true"} {
		found, _, err = newWorld(t, scripts(`"start":"node ."`)).set(switches).group(bundler)
		if err != nil || len(found) != 3 {
			t.Errorf("npm-start stays in the group without what %s needs: %v, %v", switches, found, err)
		}
		tool := consumer{id: "example/tool", first: true, plan: buildpack.PlanSections{Provides: []buildpack.Provide{{Name: map[bool]string{true: "watchexec", false: "tini"}[strings.Contains(switches, "RELOAD")]}}}}
		found, _, err = newWorld(t, scripts(`"start":"node ."`)).set(switches).group(bundler, tool)
		if err != nil || len(found) != 5 {
			t.Errorf("npm-start drops out with what %s needs: %v, %v", switches, found, err)
		}
	}
}

func TestTheWholeGroup(t *testing.T) {
	app := locked(t).with(contents{"package.json": strings.Replace(manifest, `"name"`, `"engines":{"node":"^24"},"scripts":{"start":"node app.js"},"name"`, 1)})
	w := newWorld(t, app).withNode()
	npm(w, "install", "--package-lock-only")
	app["package-lock.json"] = read(t, filepath.Join(w.app, "package-lock.json"))

	w = newWorld(t, app)
	place(t, w.app, contents{".nvmrc": "22"})
	answers := func() {
		t.Helper()
		output, err := w.command(w.whole()[0]).CombinedOutput()
		equal(t, "the app", strings.TrimSpace(string(output)), "word")
		if err != nil {
			t.Error(err)
		}
	}
	answers()
	equal(t, "layers", strings.Join([]string{w.flags(engine), w.flags(install), w.flags(start)}, " "),
		"node-build:build node:launch launch-modules:launch environment:launch supervisor:launch")

	image := w.restore(app)
	w.whole()
	for name := range image {
		id, layer := filepath.Dir(name), filepath.Base(name)
		equal(t, name+" is reused", w.reused(id, layer), true)
	}
	equal(t, "launch layers", len(image), 4)
}
