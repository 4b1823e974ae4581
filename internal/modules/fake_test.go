package modules

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// files are file contents by path.
type files map[string]string

// fake is a package manager whose lockfile is a [deps.Graph] as JSON. It writes
// node_modules from a table of packages, and records the calls.
type fake struct {
	project *Project
	calls   []string // "install launch linux/arm64", "run build", "lock" …

	fails    string           // the method that fails
	packages map[string]files // besides package.json: file contents by name
	key      Key
	kind     Kind
	cache    bool // the app brings downloads
	unmet    []string
	omits    bool // optional packages
	keepsDev bool

	folderScripts []string
	locks         deps.Graph                // written by WriteLock
	run           func(script Script) error // a script's effect on the app
	installed     func(part Part) error     // an install script's effect
}

const (
	fakeLock   = "fake.lock"
	fakeNotes  = ".fake-notes"
	fakeConfig = ".fakerc"
	fakeCache  = "fake-cache"
)

func (f *fake) Words() Words {
	onInstall := []string{"preinstall", "install", "postinstall", "prepare"}
	var ofFolder func(string) []string
	if f.folderScripts != nil {
		onInstall, ofFolder = nil, func(string) []string { return f.folderScripts }
	}
	return Words{Name: "fake", CacheLayer: fakeCache, VendoredCache: "vendored-cache", Lockfiles: []string{fakeLock}, Configuration: fakeConfig,
		Notes: []string{fakeNotes}, InstallScripts: onInstall, FolderScripts: ofFolder, KeepDev: "FAKE_INCLUDE=dev", Relock: "lock again"}
}

var errFake = errors.New("what the manager says")

// fault returns a method's error.
func (f *fake) fault(method string) error {
	if f.fails == method {
		return errFake
	}
	return nil
}

func readGraph(path string) (g deps.Graph, found bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return g, false, nil
	}
	return g, err == nil, errors.Join(err, json.Unmarshal(text, &g))
}

func (f *fake) ReadLock(dir string) (deps.Graph, bool, error) {
	return readGraph(filepath.Join(dir, fakeLock))
}

func (f *fake) ReadInstalled(dir string) (deps.Graph, bool) {
	g, found, err := readGraph(filepath.Join(dir, nodemodules.Dir, fakeNotes))
	return g, found && err == nil
}

func (f *fake) Inspect(p *Project) (Method, error) {
	f.project = p
	return Method{Kind: f.kind, Name: "fake way", Cache: f.cache, KeepsDev: f.keepsDev}, f.fault("Inspect")
}

func (f *fake) Describe() error { return f.fault("Describe") }

func (f *fake) Prepare(_ packit.BuildContext, downloads *Downloads, atLaunch bool) ([]packit.Layer, error) {
	f.calls = append(f.calls, fmt.Sprintf("prepare at launch %t", atLaunch))
	return nil, errors.Join(downloads.Open(), f.fault("Prepare"))
}

func (f *fake) Key() (Key, error) { return f.key, f.fault("Key") }

func (f *fake) WriteLock() error {
	f.calls = append(f.calls, "lock")
	text, err := json.Marshal(f.locks)
	return errors.Join(err, os.WriteFile(filepath.Join(f.project.Dir, fakeLock), text, 0o644), f.fault("WriteLock"))
}

func (f *fake) Install(part Part) error {
	which := "launch"
	if part.Dev {
		which = "build"
	}
	f.calls = append(f.calls, strings.TrimSpace(fmt.Sprintf("install %s %s %s", which, part.Target, strings.Join(part.Folders, " "))))
	if part.Prune {
		f.calls = append(f.calls, "prune")
	}
	if f.kind != Vendored {
		if err := f.fill(part); err != nil {
			return err
		}
	}
	if f.installed == nil {
		return nil
	}
	return f.installed(part)
}

// fill writes a part's packages, and records them.
func (f *fake) fill(part Part) error {
	var notes deps.Graph
	for _, p := range f.project.Lock.Packages {
		if p.Dev && !part.Dev || !p.InNodeModules() || !p.RunsOn(deps.PlatformOf(part.Target)) {
			continue
		}
		notes.Packages = append(notes.Packages, p)
		place := filepath.Join(f.project.Dir, p.Path)
		if p.Link {
			to, err := filepath.Rel(filepath.Dir(place), filepath.Join(f.project.Dir, p.To))
			if err := errors.Join(err, os.MkdirAll(filepath.Dir(place), 0o755), os.Symlink(to, place)); err != nil {
				return err
			}
			continue
		}
		contents := files{packagejson.FileName: fmt.Sprintf(`{"name":%q,"version":%q}`, p.Name, p.Version)}
		maps.Copy(contents, f.packages[p.Name])
		if err := writeFiles(place, contents); err != nil {
			return err
		}
	}
	text, err := json.Marshal(notes)
	if err != nil || len(notes.Packages) == 0 {
		return err
	}
	return writeFiles(f.project.Dir, files{filepath.Join(nodemodules.Dir, fakeNotes): string(text)})
}

func (f *fake) Unmet() ([]string, error) { return f.unmet, f.fault("Unmet") }

func (f *fake) Repair(gaps []deps.Gap) (string, error) {
	if f.omits {
		return "", nil
	}
	return "lock " + gaps[0].Name + ".", f.fault("Repair")
}

func (f *fake) Run(script Script) error {
	f.calls = append(f.calls, "run "+script.String())
	if f.run == nil {
		return nil
	}
	return f.run(script)
}

func (f *fake) Environment() (build, launch packit.Environment) {
	return packit.Environment{"FAKE.default": "build"}, packit.Environment{"FAKE.default": "launch"}
}

func (f *fake) BoundDownloads(string) error {
	f.calls = append(f.calls, "bound")
	return f.fault("BoundDownloads")
}

func writeFiles(dir string, contents files) error {
	for path, text := range contents {
		place := filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o755), os.WriteFile(place, []byte(text), 0o644)); err != nil {
			return err
		}
	}
	return nil
}
