package programs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
)

// vendored finds the Yarn in the app that yarnPath of .yarnrc.yml names, or
// yarn-path of .yarnrc. A path that leads to no file of the app is a
// [failure.Failure] with the id yarn-path-invalid.
func vendored(p managerchoice.Place) (Request, bool, error) {
	name, source, err := yarnPath(p.Root)
	if err != nil || name == "" {
		return Request{}, false, err
	}
	wrong := func(why string) (Request, bool, error) {
		return Request{}, false, &failure.Failure{
			ID:    "yarn-path-invalid",
			Cause: fmt.Sprintf("%s is %q: %s", source, name, why),
			Remedy: "commit the file that `yarn set version` writes, and let no .gitignore or .dockerignore leave it out; " +
				"or delete the setting, and name the version in packageManager of package.json.",
		}
	}
	path := filepath.Join(p.Root, name)
	if filepath.IsAbs(name) {
		path = filepath.Clean(name)
	}
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return wrong("there is no such file")
	}
	if err != nil {
		return wrong(err.Error())
	}
	app, err := filepath.EvalSymlinks(p.App)
	if err != nil {
		return Request{}, false, err
	}
	if !strings.HasPrefix(real, app+"/") {
		return wrong("it leads out of the app")
	}
	info, err := os.Stat(real)
	if err != nil {
		return Request{}, false, err
	}
	if !info.Mode().IsRegular() {
		return wrong("it is no file")
	}
	request := Request{Manager: packagemanager.Yarn, Source: source, path: real}
	if found := inName.FindStringSubmatch(filepath.Base(name)); found != nil {
		request.Version = found[1]
	}
	return request, true, nil
}

// inName matches the version in the name of a vendored Yarn: yarn-4.1.0.cjs.
var inName = regexp.MustCompile(`^yarn-(\d+\.\d+\.\d+)\.c?js$`)

// yarn1Path matches the setting of Yarn 1.
var yarn1Path = regexp.MustCompile(`(?m)^\s*['"]?yarn-path['"]?\s+(?:"([^"]*)"|'([^']*)'|(\S+))`)

// yarnPath returns the setting and its name; empty without one.
func yarnPath(dir string) (path, source string, err error) {
	text, err := regular.ReadFile(filepath.Join(dir, managerchoice.YarnrcYML))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("reading Yarn's configuration: %w", regular.TooLarge(err))
	}
	var file struct {
		YarnPath string `yaml:"yarnPath"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return "", "", &failure.Failure{
			ID:     "yarnrc-invalid",
			Cause:  fmt.Sprintf("%s cannot be read", managerchoice.YarnrcYML),
			Remedy: "correct the file; `yarn config` in the project's folder says the same while it is not right.",
			Err:    err,
		}
	}
	if file.YarnPath != "" {
		return file.YarnPath, "yarnPath of " + managerchoice.YarnrcYML, nil
	}
	if text, err = regular.ReadFile(filepath.Join(dir, managerchoice.Yarnrc)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("reading Yarn's configuration: %w", regular.TooLarge(err))
	}
	if found := yarn1Path.FindSubmatch(text); found != nil {
		return string(found[1]) + string(found[2]) + string(found[3]), "yarn-path of " + managerchoice.Yarnrc, nil
	}
	return "", "", nil
}
