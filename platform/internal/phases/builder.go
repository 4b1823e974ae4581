//go:build linux

package phases

import (
	"bufio"
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/images"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// platformAPIs are the supported versions of the Platform API, newest first.
var platformAPIs = []string{"0.15", "0.14", "0.13", "0.12"}

// builder is a parsed builder image.
type builder struct {
	found       string // folder or reference
	image       v1.Image
	digest      v1.Hash
	env         []string // in its configuration
	user, group int
	platformAPI string
	lifecycle   string // version
	runImages   []labels.RunImageChoice
	home        string // of the user
	userName    string
}

func readBuilder(image v1.Image, found string) (*builder, error) {
	b := &builder{found: found, image: image}
	var err error
	if b.digest, err = image.Digest(); err != nil {
		return nil, images.Failed("fetching "+found, err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, images.Failed("fetching "+found, err)
	}
	b.env = config.Config.Env
	var metadata labels.BuilderMetadata
	label, ok := config.Config.Labels[labels.Builder]
	if !ok {
		return nil, notABuilder(found, "it has no label "+labels.Builder)
	}
	if err := json.Unmarshal([]byte(label), &metadata); err != nil {
		return nil, notABuilder(found, "its label "+labels.Builder+": "+err.Error())
	}
	b.runImages = metadata.RunImages()
	offered := append(metadata.Lifecycle.APIs.Platform.Supported, metadata.Lifecycle.APIs.Platform.Deprecated...)
	at := slices.IndexFunc(platformAPIs, func(api string) bool { return slices.Contains(offered, api) })
	if at < 0 {
		return nil, notABuilder(found, fmt.Sprintf("its lifecycle %s speaks the Platform API %s, want one of %s",
			metadata.Lifecycle.Version, strings.Join(offered, ", "), strings.Join(platformAPIs, ", ")))
	}
	b.platformAPI, b.lifecycle = platformAPIs[at], metadata.Lifecycle.Version
	if b.user, err = b.id("CNB_USER_ID"); err != nil {
		return nil, err
	}
	b.group, err = b.id("CNB_GROUP_ID")
	return b, err
}

func notABuilder(found, why string) error {
	return &failure.Failure{ID: "not-a-builder", Cause: fmt.Sprintf("%s cannot build: %s", found, why), Remedy: "name a builder: one that make builder or pack builder create made."}
}

// id returns a user or group id from the image's environment.
func (b *builder) id(name string) (int, error) {
	for _, pair := range b.env {
		value, ok := strings.CutPrefix(pair, name+"=")
		if !ok {
			continue
		}
		if id, err := strconv.Atoi(value); err == nil && id > 0 && id <= sandbox.MaxID {
			return id, nil
		}
		return 0, notABuilder(b.found, fmt.Sprintf("%s is %q, want a number from 1 to %d", name, value, sandbox.MaxID))
	}
	return 0, notABuilder(b.found, "its environment has no "+name)
}

// readRoot reads the builder's files: its user's name and home, and whether its
// launcher runs on the target. The lifecycle copies that launcher into the image
// without a check.
func (b *builder) readRoot(dir string, to targets.Target) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	b.home, b.userName = "/home/cnb", "cnb"
	if file, err := root.Open("etc/passwd"); err == nil {
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			fields := strings.Split(lines.Text(), ":")
			if len(fields) >= 6 && fields[2] == strconv.Itoa(b.user) {
				b.userName, b.home = fields[0], path.Clean("/"+fields[5])
			}
		}
	}
	if !ownFolder(b.home) {
		return notABuilder(b.found, fmt.Sprintf("its user's home is %s, want a folder of its own", b.home))
	}
	launcher, err := root.Open("cnb/lifecycle/launcher")
	if err != nil {
		return notABuilder(b.found, "it has no /cnb/lifecycle/launcher")
	}
	defer launcher.Close()
	binary, err := elf.NewFile(launcher)
	if err != nil {
		return notABuilder(b.found, "its launcher is no program: "+err.Error())
	}
	if binary.Machine != to.ELF() {
		return &failure.Failure{
			ID: "builder-target", Cause: fmt.Sprintf("the builder %s puts a launcher for %s into images, want %s for %s", b.found, binary.Machine, to.ELF(), to),
			Remedy: "name the builder for " + to.String() + ": make builder PLATFORM=" + to.String() + " makes one.",
		}
	}
	return nil
}

// ownFolder reports whether a home folder overlaps no other path of a build:
// scripts that could move it would control it.
func ownFolder(home string) bool {
	if home == "/" {
		return false
	}
	for _, place := range []string{appDir, layersDir, platformDir, cacheDir, "/tmp", "/var/tmp", "/proc", "/dev", "/cnb", "/etc"} {
		if within(home, place) || within(place, home) {
			return false
		}
	}
	return true
}

func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }
