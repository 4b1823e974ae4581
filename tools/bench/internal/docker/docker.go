// Package docker builds with Dockerfiles on armature's run images, for
// comparison.
package docker

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/tools/bench/internal/archives"
	"github.com/armature-cnb/armature/tools/internal/engine"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// Engine is the Docker engine with the base images of the Dockerfiles. All its
// tags begin with "bench-".
type Engine struct {
	Stack   string // folder of build and run images
	Archive archives.Set
	Work    string
	CA      string // a file of additional certificates for npm; may be empty
	Run     string // names this run: no build uses another run's cache
}

// Kind is which Dockerfile an app gets.
type Kind string

// The Dockerfiles there are, besides those of package managers other than npm, which
// have the names of these.
const (
	Plain    Kind = "plain"    // production dependencies and the sources
	Compiled Kind = "compiled" // the same, with native modules that are compiled
	Frontend Kind = "frontend" // a build script that makes build/ with devDependencies
)

// base is the base image of Dockerfile stages with npm, like node:24.
func base(to targets.Target) string { return "bench-node:" + to.Arch }

func runImage(to targets.Target) string { return "bench-run:" + to.Arch }

// runLabel marks the images of one run.
const runLabel = "bench.run"

// Answers reports whether an engine answers.
func Answers(ctx context.Context) bool {
	_, err := step.Output(ctx, nil, "docker", "version", "--format", "{{.Server.Version}}")
	return err == nil
}

// Load loads a target's images into the engine: the run image, and the build
// image with Node.js and npm.
func (e Engine) Load(ctx context.Context, log io.Writer, to targets.Target) error {
	image, err := oci.Image(filepath.Join(e.Stack, "run-"+to.Arch), to)
	if err != nil {
		return err
	}
	if err := engine.Load(ctx, log, image, runImage(to)); err != nil {
		return err
	}
	image, err = oci.Image(filepath.Join(e.Stack, "build-"+to.Arch), to)
	if err != nil {
		return err
	}
	if err := engine.Load(ctx, log, image, "bench-build:"+to.Arch); err != nil {
		return err
	}
	return e.makeBase(ctx, log, to, image)
}

// baseLabel records the inputs of [base].
const baseLabel = "bench.base"

// makeBase makes [base] from the build image, unless it exists.
func (e Engine) makeBase(ctx context.Context, log io.Writer, to targets.Target, image v1.Image) error {
	var authorities []byte
	if e.CA != "" {
		var err error
		if authorities, err = os.ReadFile(e.CA); err != nil {
			return err
		}
	}
	id, err := image.ConfigName()
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(authorities, "with headers %s %s %s", id, e.Archive.Node[to], e.Archive.NPM)))
	got, err := step.Output(ctx, nil, "docker", "image", "inspect", "--format", `{{index .Config.Labels "`+baseLabel+`"}}`, base(to))
	if err == nil && got == key {
		return nil
	}
	dir, err := os.MkdirTemp(e.Work, "node-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := e.Archive.UnpackNode(ctx, to, archives.With{NPM: true, Headers: true}, filepath.Join(dir, "node")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "authorities.pem"), authorities, 0o644); err != nil {
		return err
	}
	file := `FROM bench-build:` + to.Arch + `
USER root
COPY node/bin/node /usr/local/bin/node
COPY node/include /usr/local/include
COPY node/npm /usr/local/lib/node_modules/npm
COPY authorities.pem /etc/ssl/bench-authorities.pem
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/bench-authorities.pem
LABEL ` + baseLabel + `=` + key + `
`
	return step.Do(log, "making "+base(to), func() error { return e.build(ctx, to, dir, file, base(to), false) })
}

// npm is the command for npm in stages: [base] lacks npm's own scripts.
const npm = "node /usr/local/lib/node_modules/npm/bin/npm-cli.js"

// Dockerfile returns a Dockerfile that follows best practice: several stages,
// manifests before sources, production dependencies only, an unprivileged user,
// and no npm at run time.
//
// The label separates this run's cached steps from other runs'.
func Dockerfile(kind Kind, to targets.Target, run string) string {
	label := "LABEL " + runLabel + "=" + run
	compile := ""
	if kind == Compiled {
		compile = "ENV npm_config_build_from_source=true npm_config_nodedir=/usr/local\n"
	}
	file := `FROM ` + base(to) + ` AS dependencies
` + label + `
` + compile + `WORKDIR /workspace
COPY package.json package-lock.json ./
RUN ` + npm + ` ci --omit=dev --no-audit --no-fund
`
	if stage := dependencies(kind, to, label); stage != "" {
		file = stage
	}
	sources := "COPY . .\n"
	command := "node.js"
	if kind == Frontend {
		file += `
FROM ` + base(to) + ` AS build
` + label + `
WORKDIR /workspace
COPY package.json package-lock.json ./
RUN ` + npm + ` ci --no-audit --no-fund
COPY . .
RUN ` + npm + ` run build
`
		sources = "COPY package.json ./\nCOPY --from=build /workspace/build ./build\n"
		command = "build/server.js"
	}
	return file + `
FROM ` + runImage(to) + `
` + label + `
COPY --from=dependencies /usr/local/bin/node /usr/local/bin/node
WORKDIR /workspace
COPY --from=dependencies /workspace/node_modules ./node_modules
` + sources + `ENV NODE_ENV=production
USER 1001:1000
CMD ["/usr/local/bin/node", "` + command + `"]
`
}

// Build builds an app's folder, with or without the engine's cache.
func (e Engine) Build(ctx context.Context, kind Kind, to targets.Target, app, tag string, cached bool) error {
	if !strings.HasPrefix(tag, "bench-") && !strings.Contains(tag, "/bench-") {
		return fmt.Errorf("the tag is %q: want one that begins with bench-", tag)
	}
	return e.build(ctx, to, app, Dockerfile(kind, to, e.Run), tag, cached)
}

func (e Engine) build(ctx context.Context, to targets.Target, dir, dockerfile, tag string, cached bool) error {
	file, err := os.CreateTemp(e.Work, "Dockerfile-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err := file.WriteString(dockerfile); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	args := []string{"build", "--platform", to.String(), "--network", "host", "--force-rm", "--file", file.Name(), "--tag", tag}
	if !cached {
		args = append(args, "--no-cache")
	}
	return step.Run(ctx, nil, []string{"DOCKER_BUILDKIT=0"}, "docker", append(args, dir)...)
}

// Remove removes every image of this run's builds, and keeps the base images.
func (e Engine) Remove(ctx context.Context) error {
	// By id: an image that was pushed and then rebuilt has no tag, but is not
	// dangling either.
	found, err := step.Output(ctx, nil, "docker", "image", "ls", "--filter", "label="+runLabel+"="+e.Run, "--filter", "dangling=false", "--quiet", "--no-trunc")
	if err != nil {
		return err
	}
	ids := strings.Fields(found)
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) > 0 {
		if err := step.Run(ctx, nil, nil, "docker", append([]string{"image", "rm", "--force"}, ids...)...); err != nil {
			return err
		}
	}
	return step.Run(ctx, nil, nil, "docker", "image", "prune", "--force", "--filter", "label="+runLabel+"="+e.Run)
}
