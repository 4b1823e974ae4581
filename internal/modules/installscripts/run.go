package installscripts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules/native"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/program"
)

// Runner runs scripts.
type Runner struct {
	Env environ.List // of every script, with the manager's own variables

	// Variables returns further variables for a package; nil for none. Variables
	// with its fields, such as npm_package_name, need none: see [environment].
	Variables func(p Package) environ.List

	Commands     []string       // folders on the PATH after those of node_modules/.bin: node-gyp's
	Shell        string         // a program that takes -c; empty for sh
	Foreground   bool           // packages' output is logged, and one script runs at a time
	Tolerant     bool           // an optional package whose script fails is removed, with what only it needs
	Target, Host targets.Target // of native modules, and of this machine

	// MayRun is the manager's rule about packages with scripts to run; nil allows
	// all. It is not asked about the project.
	MayRun func(p Package) bool

	// Preparing runs the scripts that make a package of its sources, and may look at
	// what they change: see [IsPreparing]. Nil leaves them out, as in an install for
	// the launch, which has no devDependencies.
	Preparing func(run func() error) error

	Terms Terms // of the manager, for remedies

	// Explain turns the failure of a script into an error; nil for [Failed.Failure].
	Explain func(f Failed) error

	// Left gets the processes that a script left behind, which were ended; nil for
	// no interest.
	Left func(left []program.Process)

	Log scribe.Emitter
}

// Run runs a plan for the packages of a tree. It returns the paths of the optional
// packages that it removed. The first failure ends it.
func (r Runner) Run(tree Tree, plan Plan) (removed []string, err error) {
	run := &run{Runner: r, tree: tree, gone: map[string]bool{}}
	for _, stage := range plan {
		if stage, err = run.needed(stage); err != nil {
			return run.removed, err
		}
		err := run.prepared(stage.prepares(), len(stage) > 0, func() error { return run.stage(stage) })
		if err != nil {
			return run.removed, err
		}
	}
	return run.removed, nil
}

// RunProject runs the events of the project's own that it has, with their output in
// the log.
func (r Runner) RunProject(tree Tree, events ...string) error {
	root, err := tree.Root()
	if err != nil {
		return fmt.Errorf("reading the project: %w", err)
	}
	run := &run{Runner: r, tree: tree}
	for _, event := range events {
		err := run.prepared(IsPreparing(event), root.Runs(event), func() error {
			return run.task(context.Background(), Task{root, []string{event}})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// RunOwn runs an event of the project in a folder, or of its workspace in folder
// below that (or ""), also one that prepares. Its failures name the workspace.
func (r Runner) RunOwn(project, folder, event string) error {
	r.Preparing = func(run func() error) error { return run() }
	r.Explain = func(f Failed) error {
		f.Package.Path, f.Package.Linked = folder, folder != ""
		return f.Failure()
	}
	return r.RunProject(Tree{Dir: filepath.Join(project, folder)}, event)
}

// prepared runs something: within [Runner.Preparing], if it prepares.
func (r *run) prepared(prepares, any bool, do func() error) error {
	switch {
	case !any || prepares && r.Preparing == nil:
		return nil
	case prepares:
		return r.Preparing(do)
	}
	return do()
}

// run is one call of [Runner.Run].
type run struct {
	Runner
	tree    Tree
	mu      sync.Mutex // guards the fields below, and the log
	gone    map[string]bool
	removed []string
}

// needed leaves out the tasks of packages that have what their scripts make, or may
// not run scripts.
func (r *run) needed(stage Stage) (needed Stage, err error) {
	for _, task := range stage {
		p := task.Package
		if r.Target != r.Host && !p.Linked {
			prebuilt, err := native.IsPrebuilt(r.tree.Dir, r.tree.graph, p.Package, r.Target)
			if err != nil {
				return nil, fmt.Errorf("looking for the binaries of %s: %w", p.folderName(), err)
			}
			if prebuilt {
				continue
			}
		}
		if r.MayRun != nil && !r.MayRun(p) {
			continue
		}
		needed = append(needed, task)
	}
	return needed, nil
}

// stage runs tasks at the same time, as many as npm: one fewer than there are
// processors.
func (r *run) stage(stage Stage) error {
	workers := max(1, runtime.GOMAXPROCS(0)-1)
	if r.Foreground {
		workers = 1
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	tasks := make(chan Task)
	var group sync.WaitGroup
	for range min(workers, len(stage)) {
		group.Go(func() {
			for task := range tasks {
				if ctx.Err() != nil {
					continue
				}
				if err := r.task(ctx, task); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, task := range stage {
		tasks <- task
	}
	close(tasks)
	group.Wait()
	return context.Cause(ctx)
}

// task runs the events of a package, unless it is removed.
func (r *run) task(ctx context.Context, task Task) error {
	for _, event := range task.Events {
		if !task.Package.Runs(event) || r.isGone(task.Package) {
			continue
		}
		command := task.Package.Command(event)
		failed, err := r.script(ctx, task.Package, event, command)
		if err != nil {
			return err
		}
		if failed == nil {
			continue
		}
		if r.Tolerant && task.Package.Optional {
			return r.remove(failed.Package, fmt.Sprintf("its script has failed (%s)", failed.End()))
		}
		if r.Explain != nil {
			return r.Explain(*failed)
		}
		return failed.Failure()
	}
	return nil
}

// script runs a command in its package's folder.
func (r *run) script(ctx context.Context, p Package, event, command string) (*Failed, error) {
	env := r.environment(p, event, command)
	shell, err := lookPath(r.shell(), env.Get("PATH"))
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, shell, "-c", command)
	cmd.Dir, cmd.Env = p.Dir, env
	cmd.Cancel = func() error { return program.Signal(cmd, syscall.SIGTERM) }
	output := &outcome.Tail{}
	loud := p.Path == "" || r.Foreground
	r.announce(p, event, command)
	cmd.Stdout = io.Writer(output)
	if loud {
		cmd.Stdout = io.MultiWriter(r.Log.ActionWriter, output)
	}
	cmd.Stderr = cmd.Stdout
	left, err := program.Run(cmd)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Left != nil && len(left) > 0 {
		r.Left(left)
	}
	if err == nil || ctx.Err() != nil {
		return nil, nil
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return nil, fmt.Errorf("running the script %s of %s: %w", event, p.owner(), err)
	}
	if !loud {
		fmt.Fprint(r.Log.ActionWriter, output.String())
	}
	return &Failed{Package: p, Event: event, Command: command, Terms: r.Terms, Outcome: outcome.Outcome{Err: err, Output: output.String()}}, nil
}

func (r *run) announce(p Package, event, command string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	without := ""
	if pairs := r.withoutDownload(p); pairs != nil {
		without = fmt.Sprintf(" with %s, since only development needs what it downloads", strings.Join(pairs, " "))
	}
	r.Log.Subprocess("%s", fmt.Sprintf("Running the script %s of %s%s: %s", event, p.owner(), without, outcome.Plain(command)))
}

func (r *run) shell() string {
	if r.Shell == "" {
		return "sh"
	}
	return r.Shell
}

func (r *run) isGone(p Package) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.gone[p.Path]
}

// lookPath is exec.LookPath for the PATH of a script.
func lookPath(name, path string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range filepath.SplitList(path) {
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("there is no shell %s on the PATH of the scripts, %q: %w", name, path, exec.ErrNotFound)
}
