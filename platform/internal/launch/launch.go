//go:build linux

// Package launch runs a built image in the same kind of sandbox as builds.
package launch

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/home"
	"github.com/armature-cnb/armature/platform/internal/hostfiles"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/rootfs"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// Options say what to run, and how.
type Options struct {
	Image      v1.Image
	Called     string            // folder or reference of the image
	Args       []string          // replace the arguments of the image's process
	Entrypoint string            // replaces the image's: a process type, or a path
	Env        map[string]string // added to the image's

	Mounts   []Mount         // added to the image's files
	Writable bool            // the image's files can be written to; what is written is gone afterwards
	App      string          // folder of the host in place of the image's app folder, see appBinds
	Network  sandbox.Network // the host's when empty
	Limits   sandbox.Limits  // for each program

	Home           home.Home
	Way            sandbox.Way
	Stdout, Stderr io.Writer
}

// Run runs an image and returns how it ended. It unpacks the image, unless a
// recent run did. Signals are passed on to it; one that comes before the start
// ends Run as if the image had died of it. Cancelling ctx kills the image.
func Run(ctx context.Context, options Options, signals <-chan syscall.Signal) (_ sandbox.Status, err error) {
	config, err := options.Image.ConfigFile()
	if err != nil {
		return sandbox.Status{}, err
	}
	if err := errors.Join(checkRunnable(config), CheckMounts(options.mounts(), options.Way)); err != nil {
		return sandbox.Status{}, err
	}
	work, err := options.Home.NewWork()
	if err != nil {
		return sandbox.Status{}, err
	}
	defer func() { err = errors.Join(err, work.Close()) }()
	making, made := untilSignal(ctx, signals)
	begun := started{home: options.Home}
	err = options.start(making, work, config, &begun)
	signal := made()
	defer func() { err = errors.Join(err, begun.close()) }()
	if signal != 0 {
		return sandbox.Status{Signal: int(signal)}, nil
	}
	if err != nil {
		return sandbox.Status{}, err
	}
	status, err := begun.box.Run(ctx, begun.command, signals)
	if err == nil {
		options.hint(status, begun.out, begun.err)
	}
	return status, notStarted(err, begun.command)
}

// started is a sandbox, and the program to run in it.
type started struct {
	home    home.Home
	box     *sandbox.Sandbox
	command sandbox.Command
	use     home.Lock // lock of the image's files
	places  []string  // folders of the host that were made for mounts

	out, err *listener
}

// close ends the sandbox, and releases what it used.
func (s *started) close() error {
	defer s.home.KeepRoots(rootPrefix, keptRoots) // later calls retry
	var err error
	if s.box != nil {
		err = s.box.Close()
	}
	for _, place := range s.places {
		os.Remove(place) // unless somebody has put something there
	}
	return errors.Join(err, s.use.Close())
}

// start makes the sandbox, and decides what to run.
func (o Options) start(ctx context.Context, work *home.Work, config *v1.ConfigFile, into *started) error {
	spec, use, err := o.spec(ctx, work, config)
	into.use = use
	if err != nil {
		return err
	}
	if into.command, err = o.command(spec.Root, config); err != nil {
		return err
	}
	if o.App != "" {
		var binds []sandbox.Bind
		if binds, into.places, err = o.appBinds(spec.Root); err != nil {
			return err
		}
		spec.Binds = append(spec.Binds, binds...)
	}
	into.out, into.err = listen(spec.Stdout, spec.Stderr)
	spec.Stdout, spec.Stderr = into.out, into.err
	if o.Writable {
		into.box, err = o.startWritable(ctx, work, spec)
	} else {
		into.box, err = sandbox.Start(ctx, spec)
	}
	return o.notMounted(err)
}

// untilSignal returns a context that is cancelled by a signal, and a function
// that stops waiting and returns that signal, or 0.
func untilSignal(ctx context.Context, signals <-chan syscall.Signal) (context.Context, func() syscall.Signal) {
	ctx, cancel := context.WithCancel(ctx)
	came, looked := make(chan syscall.Signal, 1), make(chan struct{})
	go func() {
		defer close(looked)
		select {
		case signal := <-signals:
			came <- signal
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() syscall.Signal {
		cancel()
		<-looked
		select {
		case signal := <-came:
			return signal
		case signal := <-signals:
			return signal
		default:
			return 0
		}
	}
}

// notStarted turns an error caused by the program or the image, and not by the
// sandbox, into a failure; it returns others unchanged.
func notStarted(err error, command sandbox.Command) error {
	var step *sandbox.Error
	switch {
	case errors.As(err, new(*failure.Failure)), !errors.As(err, &step):
		return err
	case step.Kind == sandbox.Entering:
		return &failure.Failure{
			ID: "working-dir-unusable", Cause: "the image's working directory " + command.Dir + " cannot be entered", Err: step.Cause,
			Remedy: "build the image again with a folder there, or with a WorkingDir in its configuration that it has.",
		}
	case step.Kind != sandbox.Executing:
		return err
	}
	remedy := "name another program, or one of the processes that armature inspect IMAGE lists."
	switch {
	case errors.Is(err, syscall.ENOENT):
		remedy = "see that the image has it, where its links lead, and the interpreter that its first line names; armature inspect IMAGE lists the processes."
	case errors.Is(err, syscall.EACCES):
		remedy = "let everybody execute it (chmod +x) and go through its folders, then build the image again."
	case errors.Is(err, syscall.ENOEXEC):
		remedy = "give the image a program for its platform, or a script that begins with #! and its interpreter."
	}
	return &failure.Failure{ID: "program-not-executable", Cause: command.Args[0] + " of the image cannot be executed", Err: step.Cause, Remedy: remedy}
}

// Roots of images are kept for their next run: the most recent ones, as many as
// people alternate between.
const (
	rootPrefix = "run-"
	keptRoots  = 3
)

// spec returns the image's sandbox: its files, read-only, and a /tmp. The files
// exist while the lock is held.
func (o Options) spec(ctx context.Context, work *home.Work, config *v1.ConfigFile) (_ sandbox.Spec, use home.Lock, err error) {
	spec := sandbox.Spec{Way: o.Way, Hostname: hostfiles.Hostname, Network: cmp.Or(o.Network, sandbox.Host), Limits: o.Limits, Stdout: o.Stdout, Stderr: o.Stderr}
	for name, mode := range map[string]os.FileMode{"point": 0o755, "etc": 0o755, "tmp": 0o777 | os.ModeSticky} {
		if _, err := work.Folder(name, mode); err != nil {
			return spec, use, err
		}
	}
	spec.MountPoint = work.Path("point")
	if spec.User, spec.Group, err = user(config.Config.User); err != nil {
		return spec, use, err
	}
	if spec.Binds, err = hostfiles.Write(work.Path("etc"), o.Way); err != nil {
		return spec, use, err
	}
	if err := o.mount(work, &spec); err != nil {
		return spec, use, err
	}
	if spec.Root, use, err = o.root(ctx); err == nil {
		err = o.checkPoints(spec.Root)
	}
	if err == nil && o.Way == sandbox.Chroot {
		spec.Root, err = o.ownRoot(work, spec)
	}
	return spec, use, err
}

// root returns the unpacked image, which others may run concurrently.
func (o Options) root(ctx context.Context) (string, home.Lock, error) {
	digest, err := o.Image.ConfigName() // also identifies its files
	if err != nil {
		return "", home.Lock{}, err
	}
	name := rootPrefix + digest.Hex
	if !o.Way.OneID() {
		name += "-owned"
	}
	name += o.pointsName()
	folders, files := o.points()
	dir, use, err := o.Home.Root(ctx, name, func(dir string) error {
		return rootfs.Unpack(ctx, dir, o.Image, rootfs.Options{
			Owners: !o.Way.OneID(), Folders: append([]string{"/proc", "/dev", "/sys", tmp}, folders...), Files: append(hostfiles.Paths(), files...),
		})
	})
	var point *rootfs.MountPointError
	if errors.As(err, &point) && (slices.Contains(folders, point.MountPoint) || slices.Contains(files, point.MountPoint)) {
		return "", home.Lock{}, unusable("--volume or --tmpfs: nothing can be mounted on "+point.MountPoint, point.Err, "mount a folder on a folder and a file on a file, or name a path that the image does not have.")
	}
	if err != nil {
		return "", home.Lock{}, images.ReadFailed("unpacking the image", o.Called, err)
	}
	return dir, use, nil
}

// ownRoot copies the root for a sandbox that cannot make it read-only.
func (o Options) ownRoot(work *home.Work, spec sandbox.Spec) (string, error) {
	dir, err := work.Folder("root", 0o755)
	if err != nil {
		return "", err
	}
	return dir, rootfs.Clone(spec.Root, dir, spec.User, spec.Group)
}

// processes is the folder in which the lifecycle puts a link to the launcher for
// every process type (Platform API, "Launcher").
const processes = "/cnb/process/"
