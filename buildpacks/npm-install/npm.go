package npminstall

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/program"
)

// npm runs the npm on the PATH of its environment.
type npm struct {
	env      environ.List
	log      scribe.Emitter
	cache    *modules.Downloads
	versions versions
}

// versions are npm's version, and the real process.versions of the Node.js that
// runs it.
type versions struct {
	NPM     string `json:"npm"`
	Node    string `json:"node"`
	Modules string `json:"modules"` // the ABI of native modules
	NAPI    string `json:"napi"`
}

// askVersions runs npm outside of any project, or, if npm's own package is
// readable, only Node.js, which starts in a fraction of the time.
func (n npm) askVersions(elsewhere string) (v versions, err error) {
	version, err := n.packagedVersion()
	if err != nil {
		return v, err
	}
	var output []byte
	if version != "" {
		output, err = n.captureNode(elsewhere, "--print", "JSON.stringify(process.versions)")
	}
	if version == "" || err != nil { // npm's own failure has a known id
		output, err = n.capture(elsewhere, "version", "--json")
	}
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(output, &v); err != nil {
		return v, fmt.Errorf("reading the versions of npm and Node.js: got %q: %w", output, err)
	}
	if version != "" {
		v.NPM = version
	}
	return v, nil
}

// packagedVersion returns the version in the package.json of the package that
// contains the program npm; empty if it is another program.
func (n npm) packagedVersion() (string, error) {
	program, err := lookPath("npm", n.env.Get("PATH"))
	if err != nil {
		return "", err
	}
	if program, err = filepath.EvalSymlinks(program); err != nil || filepath.Base(program) != "npm-cli.js" {
		return "", err
	}
	pkg, err := packagejson.Read(filepath.Dir(filepath.Dir(program)))
	if err != nil || pkg.Name != "npm" {
		return "", nil // npm itself will report it
	}
	return pkg.Version, nil
}

// newNPM finds npm and its versions.
func newNPM(env environ.List, log scribe.Emitter, cache *modules.Downloads, elsewhere string) (npm, error) {
	n := npm{env: baseEnvironment(env), log: log, cache: cache}
	var err error
	n.versions, err = n.askVersions(elsewhere)
	return n, err
}

// baseEnvironment returns the environment for every call: it limits npm's output,
// and disables requests that a build does not need.
func baseEnvironment(env environ.List) environ.List {
	env = env.Default("NPM_CONFIG_LOGLEVEL", "error")
	for _, name := range []string{"update-notifier", "audit", "fund", "progress"} {
		env = withConfig(env, name, "false")
	}
	if home := env.Get("NODE_HOME"); home != "" {
		// Not a flag: npm 12 refuses unknown flags. node-gyp reads the variable.
		env = env.Default("npm_config_nodedir", home)
	}
	return env.Default("JOBS", "max") // otherwise node-gyp compiles with one processor
}

// knowsTargets reports whether npm can install for another platform than its own
// (--os and --cpu): since 9.9.0 and 10.1.0.
func (v versions) knowsTargets() bool {
	version, err := semver.NewVersion(v.NPM)
	if err != nil {
		return false
	}
	since, _ := semver.NewConstraint(">= 10.1.0 || ~9.9.0")
	return since.Check(version)
}

// readsShrinkwrap reports whether npm reads npm-shrinkwrap.json: up to npm 11.
func (v versions) readsShrinkwrap() bool {
	version, err := semver.NewVersion(v.NPM)
	return err != nil || version.Major() < 12
}

// blocksScripts reports whether npm runs only the install scripts that
// package.json allows: since npm 12.
func (v versions) blocksScripts() bool {
	version, err := semver.NewVersion(v.NPM)
	return err == nil && version.Major() >= 12
}

// forTarget returns an npm that installs for another target than the host.
func (n npm) forTarget(t targets.Target) npm {
	n.env = installscripts.ForCompiling(n.env, t)
	if n.versions.knowsTargets() {
		n = n.config("os", t.OS).config("cpu", t.Node()).config("libc", deps.Glibc)
	}
	return n
}

// with returns an npm with a variable.
func (n npm) with(name, value string) npm {
	n.env = n.env.With(name, value)
	return n
}

// once returns an npm without Node.js's compile cache, which would be below /tmp
// (NODE_COMPILE_CACHE of Node.js 22 and later). A build has its own /tmp, so
// nothing would read the cache. Build scripts may call one tool often, and keep
// it.
func (n npm) once() npm {
	if n.env.Get("NODE_COMPILE_CACHE") == "" {
		n.env = n.env.Default("NODE_DISABLE_COMPILE_CACHE", "1")
	}
	return n
}

// config returns an npm with a setting.
func (n npm) config(name, value string) npm {
	n.env = withConfig(n.env, name, value)
	return n
}

// run runs npm in the project's folder and logs its output. A fault of npm's is a
// [failure.Failure], see classify.
func (n npm) run(dir string, args ...string) error {
	f, err := n.execute(dir, args...)
	if err != nil || f == nil {
		return err
	}
	f.registries = sync.OnceValue(func() []string { return n.registries(dir) })
	return classify(*f)
}

// execute is run without classify. Scripts do not get the cached downloads.
func (n npm) execute(dir string, args ...string) (*fault, error) {
	if args[0] != "run" {
		if err := n.cache.Open(); err != nil {
			return nil, err
		}
	}
	logs, err := os.MkdirTemp("", "npm-logs-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for npm's logs: %w", err)
	}
	defer os.RemoveAll(logs)

	n.log.Subprocess("%s", "Running 'npm "+shown(args)+"'")
	output := &outcome.Tail{}
	cmd, err := n.config("logs-dir", logs).command(dir, args...)
	if err != nil {
		return nil, err
	}
	both := io.MultiWriter(n.log.ActionWriter, output)
	cmd.Stdout, cmd.Stderr = both, both
	start := time.Now()
	left, err := program.Run(cmd)
	n.warnOfLeft(left)
	if err != nil {
		return &fault{Outcome: outcome.Outcome{Err: err, Output: output.String()}, args: args, debug: debugLog(logs), dir: dir, npm: n.versions.NPM}, nil
	}
	n.log.Action("Completed in %s", time.Since(start).Round(time.Millisecond))
	n.log.Break()
	return nil, nil
}

// shown returns arguments for the log: an address among them may have credentials.
func shown(args []string) string {
	return outcome.Plain(string(npmlock.WithoutCredentials([]byte(strings.Join(args, " ")))))
}

// capture runs npm and returns its output. Errors are those of [npm.run].
func (n npm) capture(dir string, args ...string) ([]byte, error) {
	cmd, err := n.once().config("logs-max", "0").command(dir, args...)
	if err != nil {
		return nil, err
	}
	stdout, stderr, err := n.output(cmd)
	if err != nil {
		return nil, classify(fault{Outcome: outcome.Outcome{Err: err, Output: stderr}, args: args, dir: dir, npm: n.versions.NPM})
	}
	return stdout, nil
}

// captureNode runs the Node.js that runs npm, and returns its output.
func (n npm) captureNode(dir string, args ...string) ([]byte, error) {
	cmd, err := n.program("node", dir, args...)
	if err != nil {
		return nil, err
	}
	stdout, stderr, err := n.output(cmd)
	if err != nil {
		return nil, fmt.Errorf("running node %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr))
	}
	return stdout, nil
}

func (n npm) command(dir string, args ...string) (*exec.Cmd, error) {
	return n.program("npm", dir, args...)
}

func (n npm) program(name, dir string, args ...string) (*exec.Cmd, error) {
	path, err := lookPath(name, n.env.Get("PATH"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = withConfig(n.env.With("PWD", dir), "cache", n.cache.Dir)
	return cmd, nil
}

// lookPath is exec.LookPath for another PATH than this process's. A missing
// program is a [failure.Failure] with the id npm-missing.
func lookPath(name, path string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", &failure.Failure{
		ID:     "npm-missing",
		Cause:  fmt.Sprintf("there is no %s on the PATH of the build, %q", name, path),
		Remedy: "add a buildpack that provides npm before this one, for example armature/node-engine.",
		Err:    exec.ErrNotFound,
	}
}

// debugLog returns npm's debug log from its log folder, which exists at every log
// level.
func debugLog(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "*-debug-*.log"))
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			continue // the log only helps to find the cause
		}
		all.Write(text)
	}
	return all.String()
}
