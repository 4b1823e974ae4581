package main

import (
	"context"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// maker has the state that the steps of one run share.
type maker struct {
	ctx      context.Context
	log      io.Writer
	s        settings
	npm      string   // default npm registry of the builder, or empty
	work     string   // folder for temporary files
	packages v1.Layer // the run images' packages, for every host's builder
	registry string   // host:port of the registry in this process
}

// create makes every host's image and replaces -out by the index atomically.
func create(ctx context.Context, log io.Writer, s settings, npmRegistry string) error {
	out, err := filepath.Abs(s.out)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(out), ".builder-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	address, stop, err := serveRegistry(filepath.Join(work, "blobs"))
	if err != nil {
		return err
	}
	defer stop()
	m := &maker{ctx: ctx, log: log, s: s, npm: npmRegistry, work: work, registry: address}
	index, err := m.index()
	if err != nil {
		return err
	}
	return oci.WriteIndex(out, index)
}

// serveRegistry starts an OCI registry on loopback that keeps blobs in dir.
func serveRegistry(dir string) (address string, stop func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	silent := stdlog.New(io.Discard, "", 0)
	server := &http.Server{Handler: registry.New(
		registry.WithBlobHandler(registry.NewDiskBlobHandler(dir)),
		registry.Logger(silent),
	), ErrorLog: silent}
	go server.Serve(listener)
	return listener.Addr().String(), func() { server.Close() }, nil
}

// index makes the builder for every host; the run images are the same for all.
func (m *maker) index() (v1.ImageIndex, error) {
	var runImages []v1.Image
	for _, kind := range []string{"run", "run-tiny"} {
		run, err := m.push(kind, m.s.target, m.s.runImage(kind))
		if err != nil {
			return nil, err
		}
		if err := checkPlatform(run, m.s.target); err != nil {
			return nil, fmt.Errorf("checking the %s image: %w", kind, err)
		}
		runImages = append(runImages, run)
	}
	var err error
	if m.packages, err = packagesLayer(filepath.Join(m.work, "packages.tar.gz"), runImages); err != nil {
		return nil, err
	}
	index := v1.ImageIndex(empty.Index)
	for _, host := range m.s.hosts {
		image, err := m.forHost(host)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: host.OS, Architecture: host.Arch}},
		})
	}
	return index, nil
}

func (m *maker) forHost(host targets.Target) (v1.Image, error) {
	buildName := "armature/build:" + host.Arch
	build, err := m.push("build", host, buildName)
	if err != nil {
		return nil, err
	}
	if err := checkPlatform(build, host); err != nil {
		return nil, fmt.Errorf("checking the build image: %w", err)
	}
	values, err := m.s.values(host, buildName)
	if err != nil {
		return nil, err
	}
	config, err := m.configure(host, values)
	if err != nil {
		return nil, err
	}
	ref := fmt.Sprintf("%s/armature/builder:%s-on-%s", m.registry, m.s.target.Arch, host.Arch)
	what := fmt.Sprintf("creating the builder for %s on %s hosts", m.s.target, host)
	err = step.Do(m.log, what, func() error {
		return step.Run(m.ctx, nil, []string{"PACK_HOME=" + filepath.Join(m.work, "pack")},
			m.s.pack, "builder", "create", ref, "--publish", "--config", config)
	})
	if err != nil {
		return nil, err
	}
	made, err := pull(m.ctx, ref, host)
	if err != nil {
		return nil, err
	}
	return finish(made, m.packages)
}

// configure writes the filled-in builder.toml, and a pack configuration that
// redirects every image name to the registry in this process.
func (m *maker) configure(host targets.Target, values map[string]string) (string, error) {
	text, err := render(m.s.config, values, m.npm)
	if err != nil {
		return "", err
	}
	path := filepath.Join(m.work, "builder-"+host.Dashed()+".toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return "", err
	}
	home := filepath.Join(m.work, "pack")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return "", err
	}
	mirrors := fmt.Sprintf("[registry-mirrors]\n\"*\" = %q\n", m.registry)
	return path, os.WriteFile(filepath.Join(home, "config.toml"), []byte(mirrors), 0o644)
}

// push pushes a stack image to the registry under its public name.
func (m *maker) push(kind string, t targets.Target, reference string) (v1.Image, error) {
	dir := filepath.Join(m.s.stack, kind+"-"+t.Arch)
	image, err := oci.ReadLayout(dir)
	if err != nil {
		return nil, fmt.Errorf("reading the %s image %s: %w", kind, dir, err)
	}
	public, err := name.NewTag(reference)
	if err != nil {
		return nil, err
	}
	tag, err := name.NewTag(m.registry + "/" + public.RepositoryStr() + ":" + public.TagStr())
	if err != nil {
		return nil, err
	}
	return image, remote.Write(tag, image, remote.WithContext(m.ctx))
}

func pull(ctx context.Context, reference string, host targets.Target) (v1.Image, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return nil, err
	}
	platform := v1.Platform{OS: host.OS, Architecture: host.Arch}
	image, err := remote.Image(ref, remote.WithContext(ctx), remote.WithPlatform(platform))
	if err != nil {
		return nil, err
	}
	return image, checkPlatform(image, host)
}

// checkPlatform rejects an image of another platform: a cross builder with
// swapped images would make app images that start only under emulation.
func checkPlatform(image v1.Image, want targets.Target) error {
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	if got := config.OS + "/" + config.Architecture; got != want.String() {
		return fmt.Errorf("it is for %s, want %s", got, want)
	}
	return nil
}
