package nodeengine

import (
	"os"
	"path/filepath"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/node/distribution"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/node/project"
)

// bakedDir is the buildpack's folder for archives, packed or unpacked.
const bakedDir = "dependencies"

// finder returns a Finder for this build's settings and bindings that downloads
// to dir.
func (run *build) finder(dir string) (*distribution.Finder, error) {
	rewrites, err := distribution.NewRewrites(run.builder.Environ, run.bindings)
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
	return &distribution.Finder{
		Source:   run.source,
		Baked:    filepath.Join(run.context.CNBPath, bakedDir),
		Dir:      dir,
		Client:   fetch.New(roots),
		Rewrites: rewrites,
		Config:   config,
		Log:      run.builder.Logger.Subprocess,
		Downloaded: func(file fetch.File, bytes int64, took time.Duration) {
			run.spans.Record(spans.Span{Kind: spans.Download, What: file.Name(), Bytes: bytes}, took)
		},
	}, nil
}

// cafile returns the authorities of npm's setting cafile, which npm trusts for
// the registry. It warns about an unusable file; npm ignores it, too.
func (run *build) cafile(config *npmrc.Config) []cacerts.File {
	path, ok := config.Get("cafile")
	if !ok || path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = cacerts.Check(text)
	}
	if err != nil {
		run.builder.Logger.Subprocess("WARNING: the cafile of npm's configuration is not used: %s", err)
		return nil
	}
	return []cacerts.File{{Name: path, PEM: text}}
}

func (run *build) npmConfig() (*npmrc.Config, error) {
	found, err := project.Find(run.context.WorkingDir, run.builder.Environ.Get)
	if err != nil {
		return nil, err
	}
	binding := ""
	if npmrc.Global(run.builder.Environ) == "" { // which overrides it
		if binding, err = npmrc.Binding(run.bindings); err != nil {
			return nil, err
		}
	}
	return npmrc.Load(npmrc.Sources{
		Environ:    run.builder.Environ,
		ProjectDir: found.Root,
		HomeDir:    run.builder.Environ.Get("HOME"),
		Binding:    binding,
		Builtin:    run.registry,
	})
}
