//go:build linux

package phases

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/platform/internal/sandbox/sandboxtest"
)

// The lifecycle of these tests' builder is this test program: it does what the
// Platform API has a lifecycle do, with two buildpacks that are always the same.
// What it is called with and what it finds it notes beside the layers. The real
// lifecycle runs in the integration tests.
func TestMain(m *testing.M) {
	if program, inside := strings.CutPrefix(os.Args[0], "/cnb/lifecycle/"); inside {
		status, err := (&standIn{program: program}).run()
		if err != nil {
			fmt.Println("ERROR:", err)
			status = max(status, 1)
		}
		syscall.Exit(status) // with coverage, os.Exit would print something
	}
	status := sandboxtest.Main(m)
	os.RemoveAll(sharedBase())
	os.Exit(status)
}

// sharedBase returns the folder that this process's sites share.
func sharedBase() string {
	return filepath.Join(os.TempDir(), "armature-build-test-"+strconv.Itoa(os.Getpid()))
}

// script is the stand-in's behaviour, in an app's lifecycle.json, or in a builder
// for all apps.
type script struct {
	Plan     string         // plan.toml of detection; empty for none
	Print    []string       `json:"print"`    // while it builds
	Status   map[string]int `json:"status"`   // of its phases; 0 for none
	Say      string         `json:"say"`      // last, on a failure
	Node     string         `json:"node"`     // content of a/engine's layer
	Metadata string         `json:"metadata"` // of that layer
	Launcher string         `json:"launcher"` // content of the launcher's layer
	User     string         `json:"user"`     // the image's, in place of the run image's
	Twice    string         `json:"twice"`    // the repository to which it writes its image twice
	SBOM     bool           `json:"sbom"`
	Cached   string         `json:"cached"` // content of the cache's layer of a/engine

	Fetched map[string]string `json:"fetched"` // contents of npm's cache, by the hex digits of their names
}

// call is the arguments and the input of the stand-in.
type call struct {
	Program  string
	Args     []string
	Env      []string
	Dir      string
	User     string // UID:GID
	Writable []string
	Files    map[string]string // of the app and the platform, and the order and run.toml
	Previous string            // digest of the previous image
	Layers   []string          // of that image
	Cache    []string          // content of the cache
	Restored []string          // the layers with metadata
	Room     []string          // content of tree.Room
	Renamed  bool              // a folder moved from the app into the layers is the same folder
}

type standIn struct {
	program string
	script  script
	args    map[string]string
	last    string // the argument without a flag
}

func (s *standIn) run() (int, error) {
	for _, path := range []string{"", "/cnb/lifecycle.json", appDir + "/lifecycle.json"} {
		text, err := os.ReadFile(path)
		if err != nil && path != "" {
			continue
		}
		s.script = script{Node: "node", Metadata: "24", Launcher: "launcher", Cached: "cached"}
		if err := json.Unmarshal(text, &s.script); err != nil && path != "" {
			return 1, err
		}
	}
	s.args = map[string]string{}
	for i := 2; i+1 < len(os.Args); i += 2 {
		s.args[os.Args[i]] = os.Args[i+1]
	}
	s.last = os.Args[len(os.Args)-1]
	if err := s.note(); err != nil {
		return 1, err
	}
	phases := map[string]func() error{"analyzing": s.analyze, "detecting": s.detect, "restoring": s.nothing, "building": s.build, "exporting": s.export}
	of := map[string][]string{
		"creator": {"analyzing", "detecting", "restoring", "building", "exporting"}, "analyzer": {"analyzing"}, "detector": {"detecting"},
		"restorer": {"restoring"}, "builder": {"building"}, "exporter": {"exporting"}, "rebaser": {"rebasing"},
	}
	phases["rebasing"] = s.rebase
	for _, phase := range of[s.program] {
		if s.program == "creator" {
			fmt.Println("===> " + strings.ToUpper(phase))
		}
		if err := phases[phase](); err != nil {
			return 62, err
		}
		if status := s.script.Status[phase]; status != 0 {
			fmt.Println(s.script.Say)
			return status, nil
		}
	}
	return 0, nil
}

func (s *standIn) nothing() error { return nil }

// detect writes the build plan, and wants to know the target.
func (s *standIn) detect() error {
	if _, err := os.Stat(layersDir + "/analyzed.toml"); s.program == "detector" && s.script.Plan != "" && err != nil {
		return err
	}
	if s.script.Plan == "" {
		return nil
	}
	return os.WriteFile(layersDir+"/plan.toml", []byte(s.script.Plan), 0o644)
}

// note records the call.
func (s *standIn) note() error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	c := call{Program: s.program, Args: os.Args[1:], Env: os.Environ(), Dir: dir, User: fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()), Files: map[string]string{}}
	for _, place := range []string{"/", appDir, layersDir, cacheDir, platformDir, "/tmp", "/var/tmp", os.Getenv("HOME"), "/cnb", "/etc", tree.Room} {
		if os.WriteFile(place+"/.try", nil, 0o644) == nil {
			c.Writable = append(c.Writable, place)
			os.Remove(place + "/.try")
		}
	}
	shown, _ := filepath.Glob(platformDir + "/archives/*")
	for _, file := range shown {
		opened, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err == nil || os.Chmod(file, 0o666) == nil || os.Rename(file, file+"x") == nil || os.Remove(file) == nil {
			c.Writable = append(c.Writable, file)
			opened.Close()
		}
	}
	for _, place := range []string{appDir, platformDir, runFile, "/cnb/order.toml", "/etc/hostname"} {
		filepath.WalkDir(place, func(path string, entry fs.DirEntry, err error) error {
			if path == tree.Room {
				return fs.SkipDir
			}
			if err == nil && entry.Type().IsRegular() {
				text, _ := os.ReadFile(path)
				c.Files[path] = string(text)
			}
			return nil
		})
	}
	if before, err := remote.Image(reference(s.last), auth()); err == nil {
		digest, err := before.Digest()
		if err != nil {
			return err
		}
		config, err := before.ConfigFile()
		if err != nil {
			return err
		}
		c.Previous = digest.String()
		for _, id := range config.RootFS.DiffIDs {
			c.Layers = append(c.Layers, id.String())
		}
	}
	c.Cache, c.Room = names(cacheDir), names(tree.Room)
	if c.Renamed, err = renames(appDir+"/moving", layersDir+"/moving"); err != nil {
		return err
	}
	c.Restored, _ = filepath.Glob(layersDir + "/*/*.toml")
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(fmt.Sprintf("%s/call-%d.json", layersDir, len(names(layersDir))), text, 0o644)
}

// renames reports whether a folder that is moved stays the same folder.
func renames(from, to string) (bool, error) {
	if err := os.Mkdir(from, 0o755); err != nil {
		return false, err
	}
	before, err := os.Lstat(from)
	if err != nil {
		return false, err
	}
	if err := tree.Move(from, to); err != nil {
		return false, err
	}
	after, err := os.Lstat(to)
	return err == nil && os.SameFile(before, after), errors.Join(err, os.Remove(to))
}

func names(dir string) (all []string) {
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return all
}

func reference(text string) name.Reference {
	ref, err := name.ParseReference(text)
	if err != nil {
		return name.Tag{}
	}
	return ref
}

// auth returns the login in CNB_REGISTRY_AUTH (Platform API, "Registry
// Authentication").
func auth() remote.Option {
	headers := map[string]string{}
	json.Unmarshal([]byte(os.Getenv("CNB_REGISTRY_AUTH")), &headers)
	for _, header := range headers {
		return remote.WithAuth(authn.FromConfig(authn.AuthConfig{Auth: strings.TrimPrefix(header, "Basic ")}))
	}
	return remote.WithAuth(authn.Anonymous)
}

// runImageFile is where the analyzer leaves its run image for the exporter.
const runImageFile = layersDir + "/run-image"

func (s *standIn) analyze() error {
	if _, err := remote.Image(reference(s.args["-run-image"]), auth()); err != nil {
		return err
	}
	return os.WriteFile(runImageFile, []byte(s.args["-run-image"]), 0o644)
}

func (s *standIn) build() error {
	for _, line := range s.script.Print {
		fmt.Println(line)
	}
	files := map[string]string{
		"config/metadata.toml": someDeclared, "b_install/modules.toml": "[types]\nlaunch = true\n[metadata]\nany-target = true\n",
		"b_install/modules/index.js": "a module",
	}
	if s.script.SBOM {
		files["sbom/launch/sbom.cdx.json"] = "{}"
	}
	if s.script.Fetched != nil {
		files[fetchedFile] = fetchedTar(s.script.Fetched)
	}
	for path, text := range files {
		path = filepath.Join(layersDir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
