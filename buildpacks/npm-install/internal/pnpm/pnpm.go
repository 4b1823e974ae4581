package pnpm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/program"
)

// pnpm runs the program.
type pnpm struct {
	env     environ.List
	log     scribe.Emitter
	cache   *modules.Downloads
	program programs.Program
	version version
	node    nodeVersions
}

// nodeVersions are the real process.versions of the build's Node.js.
type nodeVersions struct {
	Node    string `json:"node"`
	Modules string `json:"modules"` // the ABI of native modules
	NAPI    string `json:"napi"`
}

func newPNPM(env environ.List, log scribe.Emitter, program programs.Program, cache *modules.Downloads) (pnpm, error) {
	v, err := parseVersion(program.Version)
	if err != nil {
		return pnpm{}, fmt.Errorf("reading the version of pnpm: got %q: %w", program.Version, err)
	}
	p := pnpm{env: env, log: log, program: program, version: v, cache: cache}
	for name, value := range quiet {
		p = p.config(name, value)
	}
	for _, pair := range [][2]string{{"NO_UPDATE_NOTIFIER", "1"}, {"DO_NOT_TRACK", "1"}, {"JOBS", "max"}} {
		p.env = p.env.Default(pair[0], pair[1])
	}
	if home := env.Get("NODE_HOME"); home != "" {
		p.env = p.env.Default("npm_config_nodedir", home) // node-gyp reads it
	}
	p.node, err = p.askNode()
	return p, err
}

// askNode asks the Node.js of the build for its versions.
func (p pnpm) askNode() (v nodeVersions, err error) {
	node := p.program
	node.Argv = []string{"node"}
	cmd, err := node.Command(p.env, "/", "--print", "JSON.stringify(process.versions)")
	if err != nil {
		return v, err
	}
	output, err := cmd.Output()
	if err != nil {
		return v, fmt.Errorf("asking Node.js for its versions: %w", err)
	}
	if err := json.Unmarshal(output, &v); err != nil {
		return v, fmt.Errorf("reading the versions of Node.js: got %q: %w", output, err)
	}
	return v, nil
}

// config returns a pnpm with a setting, by its name in variables.
func (p pnpm) config(name, value string) pnpm {
	p.env = withConfig(p.env, p.version.prefix(), name, value)
	return p
}

// with returns a pnpm with a variable.
func (p pnpm) with(name, value string) pnpm {
	p.env = p.env.With(name, value)
	return p
}

// folders returns flags for pnpm's own folders: the store is kept between builds,
// and the rest is of no use after it.
func (p pnpm) folders(scratch string) []string {
	return []string{"--store-dir", p.cache.Dir, "--config.cache-dir=" + filepath.Join(scratch, "cache"), "--config.state-dir=" + filepath.Join(scratch, "state")}
}

// noise begins lines of Node.js about its own deprecations.
var noise = []string{"(node:", "(Use `node --trace-"}

// run lets pnpm install in a folder, where nobody can answer it, and logs its output.
// A fault of pnpm's is a [failure.Failure], see classify.
func (p pnpm) run(dir string, args ...string) error {
	p.env = p.env.Default("CI", "1") // the app's own scripts, which execute runs, may read it
	f, err := p.execute(dir, args...)
	if err != nil || f == nil {
		return err
	}
	return classify(*f)
}

// execute is run without classify.
func (p pnpm) execute(dir string, args ...string) (*fault, error) {
	p.log.Subprocess("%s", "Running 'pnpm "+strings.Join(shown(args), " ")+"'")
	cmd, err := p.program.Command(p.env, dir, args...)
	if err != nil {
		return nil, err
	}
	output := &outcome.Tail{}
	both := io.MultiWriter(&quieter{to: p.log.ActionWriter}, output)
	cmd.Stdout, cmd.Stderr = both, both
	start := time.Now()
	left, err := program.Run(cmd)
	warnOfLeft(p.log, left)
	if err != nil {
		return &fault{Outcome: outcome.Outcome{Err: err, Output: output.String()}, args: args, version: p.version}, nil
	}
	p.log.Action("Completed in %s", time.Since(start).Round(time.Millisecond))
	p.log.Break()
	return nil, nil
}

// shown leaves out of arguments, for the log, those that are always the same.
func shown(args []string) (all []string) {
	for i := 0; i < len(args); i++ {
		switch {
		case slices.Contains([]string{"--store-dir", "--modules-dir", "--virtual-store-dir"}, args[i]):
			i++
		case strings.HasPrefix(args[i], "--config.") || strings.HasPrefix(args[i], "--reporter="):
		default:
			all = append(all, args[i])
		}
	}
	return all
}

// quieter leaves out the lines of noise.
type quieter struct {
	to   io.Writer
	rest []byte
}

func (q *quieter) Write(b []byte) (int, error) {
	q.rest = append(q.rest, b...)
	for {
		at := strings.IndexByte(string(q.rest), '\n')
		if at < 0 {
			return len(b), nil
		}
		line := string(q.rest[:at+1])
		q.rest = q.rest[at+1:]
		quiet := false
		for _, begin := range noise {
			quiet = quiet || strings.HasPrefix(line, begin)
		}
		if quiet {
			continue
		}
		if _, err := io.WriteString(q.to, line); err != nil {
			return 0, err
		}
	}
}

// warnOfLeft names the processes that a script left behind: they were ended.
func warnOfLeft(log scribe.Emitter, left []program.Process) {
	if len(left) == 0 {
		return
	}
	log.Action("WARNING: [process-left-behind] ended what a script has left running: %s", program.Names(left))
	log.Detail("Only what a script waits for is done before the next step, and nothing that it starts goes on in the app image.")
	log.Detail("Where it does a part of the build, let the script wait for it: `wait` in a shell.")
}

// within calls do with a temporary folder.
func within(do func(scratch string) error) error {
	scratch, err := os.MkdirTemp("", "pnpm-")
	if err != nil {
		return fmt.Errorf("making a folder for pnpm: %w", err)
	}
	return errors.Join(do(scratch), os.RemoveAll(scratch))
}
