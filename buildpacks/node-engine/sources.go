package nodeengine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/cacerts"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/fetch"
	"github.com/armature-cnb/armature/internal/nodesource"
	"github.com/armature-cnb/armature/internal/npmconfig"
	"github.com/armature-cnb/armature/internal/project"
)

// npmrcBinding is the type of the binding whose entry .npmrc is npm's global
// configuration, unless NPM_CONFIG_GLOBALCONFIG names another.
const npmrcBinding = "npmrc"

// bakedDir is the folder of the buildpack that archives may be baked into.
const bakedDir = "dependencies"

// finder gets archives as the settings and bindings of this build say, and
// downloads them to dir.
func (run *build) finder(dir string) (*nodesource.Finder, error) {
	rewrites, err := nodesource.NewRewrites(run.Environ, run.bindings)
	if err != nil {
		return nil, err
	}
	config, err := run.npmConfig()
	if err != nil {
		return nil, err
	}
	roots, err := cacerts.Pool(append(run.cafile(config), run.authority...))
	if err != nil {
		return nil, err
	}
	return &nodesource.Finder{
		Source:   run.source,
		Baked:    filepath.Join(run.CNBPath, bakedDir),
		Dir:      dir,
		Client:   fetch.New(roots),
		Rewrites: rewrites,
		Config:   config,
		Log:      run.Logger.Subprocess,
	}, nil
}

// cafile is the file of authorities that npm's configuration names, as npm
// trusts them for the registry. One that cannot be used is warned of: npm
// passes over it, too.
func (run *build) cafile(config *npmconfig.Config) []cacerts.File {
	path, ok := config.Get("cafile")
	if !ok || path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = cacerts.Check(text)
	}
	if err != nil {
		run.Logger.Subprocess("WARNING: the cafile of npm's configuration is not used: %s", err)
		return nil
	}
	return []cacerts.File{{Name: path, PEM: text}}
}

func (run *build) npmConfig() (*npmconfig.Config, error) {
	dir, err := project.Dir(run.WorkingDir, run.getenv)
	if err != nil {
		return nil, err
	}
	binding, err := run.npmrc()
	if err != nil {
		return nil, err
	}
	return npmconfig.Load(npmconfig.Sources{
		Environ:    run.Environ,
		ProjectDir: dir,
		HomeDir:    run.getenv("HOME"),
		Binding:    binding,
		Builtin:    run.registry,
	})
}

// npmrc is the path of the npmrc binding's entry, or nothing.
func (run *build) npmrc() (string, error) {
	var paths []string
	for _, binding := range run.bindings {
		if !strings.EqualFold(binding.Type, npmrcBinding) {
			continue
		}
		if _, ok := binding.Entries[".npmrc"]; !ok {
			return "", npmrcInvalid(fmt.Sprintf("the binding %s of type npmrc has no entry .npmrc", binding.Name))
		}
		paths = append(paths, filepath.Join(binding.Path, ".npmrc"))
	}
	switch len(paths) {
	case 0:
		return "", nil
	case 1:
		return paths[0], nil
	}
	return "", npmrcInvalid(fmt.Sprintf("there are %d bindings of type npmrc, want one", len(paths)))
}

func npmrcInvalid(cause string) error {
	return &failure.Failure{
		ID:     "npmrc-binding-invalid",
		Cause:  cause,
		Remedy: "give one binding of type npmrc with one entry called .npmrc.",
	}
}
