package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

const homepage = "https://github.com/armature-cnb/armature"

// debianVersion is VERSION_ID of the images' /etc/os-release. The lifecycle
// compares it with a buildpack's distributions.
const debianVersion = "13"

// newImage makes an image of a layer. Its configuration does not depend on the
// time or the host.
func newImage(k kind, t targets.Target, pointRelease string, packages []deb, layer v1.Layer) (v1.Image, error) {
	labels, err := labels(k, pointRelease, packages)
	if err != nil {
		return nil, err
	}
	image := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	image = mutate.ConfigMediaType(image, types.OCIConfigJSON)
	image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: v1.History{
		Created:   v1.Time{Time: oci.ModTime},
		CreatedBy: "Debian " + debianVersion + " packages",
	}})
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(image, configFile(image, k, t, labels))
}

func configFile(image v1.Image, k kind, t targets.Target, labels map[string]string) *v1.ConfigFile {
	config, err := image.ConfigFile()
	if err != nil {
		panic(err) // an in-memory image has one
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = t.OS, t.Arch
	config.Created = v1.Time{Time: oci.ModTime}
	config.Config.User = fmt.Sprintf("%d:%d", userID, groupID)
	config.Config.Env = k.env
	config.Config.Labels = labels
	return config
}

// maxLabel is how long a label's name and value may be together, in bytes:
// containerd runs no image with a longer one.
const maxLabel = 4096

// packagesLabel lists the packages of an image, if the list fits.
const packagesLabel = "io.armature.packages"

// labels are those of the Platform API's base images (io.buildpacks.base.*,
// "Run Image" and "Target Data") and the list of packages.
func labels(k kind, pointRelease string, packages []deb) (map[string]string, error) {
	const base = "io.buildpacks.base."
	metadata, err := json.Marshal(map[string]any{"suites": suites, "packages": len(packages)})
	if err != nil {
		return nil, err
	}
	all := map[string]string{
		base + "id":             "io.github.armature-cnb.trixie-" + k.name,
		base + "name":           "Armature " + k.name + " image",
		base + "description":    k.description,
		base + "version":        pointRelease,
		base + "maintainer":     "Armature",
		base + "homepage":       homepage,
		base + "released":       released(packages),
		base + "metadata":       string(metadata),
		base + "distro.name":    "debian",
		base + "distro.version": debianVersion,
	}
	if k.isRun() {
		// A later run image stays ABI compatible: Debian changes no library's
		// interface within a release.
		all["io.buildpacks.rebasable"] = "true"
	}
	list, err := packageList(packages)
	if err != nil {
		return nil, err
	}
	if len(packagesLabel)+len(list) <= maxLabel {
		all[packagesLabel] = list
	}
	for name, value := range all {
		if n := len(name) + len(value); n > maxLabel {
			return nil, fmt.Errorf("label %s: got %d bytes, want at most %d", name, n, maxLabel)
		}
	}
	return all, nil
}

func packageList(packages []deb) (string, error) {
	type entry struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	entries := []entry{}
	for _, p := range packages {
		entries = append(entries, entry{p.name, p.version})
	}
	list, err := json.Marshal(entries)
	return string(list), err
}

// released returns the day on which Debian built the newest package of an
// image. With the day of the image's assembly, the same packages would have
// another digest every day.
func released(packages []deb) string {
	var newest time.Time
	for _, p := range packages {
		if p.made.After(newest) {
			newest = p.made
		}
	}
	return newest.UTC().Format(time.DateOnly)
}

// pointRelease returns a root file system's release of Debian, for example
// "13.5".
func pointRelease(t tree) (string, error) {
	file := t["etc/debian_version"]
	if file == nil {
		return "", fmt.Errorf("package base-files: got no /etc/debian_version")
	}
	version := strings.TrimSpace(string(file.Content))
	if !strings.HasPrefix(version, debianVersion+".") {
		return "", fmt.Errorf("package base-files: got /etc/debian_version %q, want %s.*", version, debianVersion)
	}
	return version, nil
}
