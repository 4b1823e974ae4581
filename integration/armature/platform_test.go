//go:build linux

package integration_test

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/platform"
)

// offered returns the versions of the Platform API in a builder's label.
func offered(t *testing.T, builder v1.Image) []string {
	t.Helper()
	config, err := builder.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	var metadata struct {
		Lifecycle struct {
			APIs struct{ Platform struct{ Supported []string } }
		}
	}
	if err := json.Unmarshal([]byte(config.Config.Labels["io.buildpacks.builder.metadata"]), &metadata); err != nil {
		t.Fatal(err)
	}
	return metadata.Lifecycle.APIs.Platform.Supported
}

func TestBuildersOfferThePlatformAPIsThatTheyWorkWith(t *testing.T) {
	for _, to := range targets.All() {
		for _, on := range targets.All() {
			if on != to && on != host(t) {
				continue // make makes it on machines like that host
			}
			got := offered(t, layoutImage(t, filepath.Join(made.builders, to.Dashed()+"-on-"+on.Dashed()), on))
			old := slices.Contains(got, "0.7") && slices.Contains(got, "0.9")
			if !slices.Contains(got, "0.12") || !slices.Contains(got, "0.13") || old != (to == on) {
				t.Errorf("the builder for %s on %s: got %q, want 0.12 and later, and older ones where the two are the same", to, on, got)
			}
		}
	}
}

// platform is a third platform besides pack and armature: it runs a builder's
// creator.
type otherPlatform struct {
	builder  string // folder
	home     string // that the builder is unpacked in
	registry string // with the run image
	to       targets.Target
}

func newPlatform(t *testing.T, to targets.Target) *otherPlatform {
	t.Helper()
	p := &otherPlatform{to: to, registry: serveRegistry(t, http.Handler.ServeHTTP), home: newUser(t, 0).cache()}
	p.builder = filepath.Join(made.builders, to.Dashed()+"-on-"+host(t).Dashed())
	tag, err := name.NewTag(p.registry + "/run:" + to.Arch)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tag, layoutImage(t, filepath.Join(made.stack, "run-"+to.Arch), to)); err != nil {
		t.Fatal(err)
	}
	return p
}

// create runs the creator with a version of the Platform API, and returns what it
// printed and its exit status.
func (p *otherPlatform) create(t *testing.T, api, image string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	r := platform.RunRequest{
		Image: p.builder, Target: host(t), Entrypoint: "/cnb/lifecycle/creator", Stdout: &out, Stderr: &out, Home: p.home, Getenv: os.Getenv,
		Args: []string{"-no-color", "-app", "/workspace", "-layers", "/layers", "-platform", "/platform", "-run-image", p.registry + "/run:" + p.to.Arch, "-uid", "1001", "-gid", "1000", p.registry + "/" + image},
		Env:  map[string]string{"CNB_PLATFORM_API": api, "CNB_USER_ID": "1001", "CNB_GROUP_ID": "1000", "HOME": "/home/cnb", "CNB_EXEC_ENV": "production"},
	}
	work := t.TempDir()
	for _, target := range []string{"/workspace", "/layers", "/platform", "/home/cnb"} {
		dir := filepath.Join(work, filepath.Base(target))
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() == 0 {
			if err := os.Chown(dir, 1001, 1000); err != nil {
				t.Fatal(err)
			}
		}
		r.Volumes = append(r.Volumes, dir+":"+target)
	}
	if err := os.CopyFS(filepath.Join(work, "workspace"), os.DirFS(plainApp(t))); err != nil {
		t.Fatal(err)
	}
	result, err := platform.Run(t.Context(), r)
	if errors.Is(err, &platform.Failure{ID: "no-mounts"}) {
		t.Skipf("this machine has no namespaces for a sandbox: %v", err)
	}
	if err != nil || result.Signal != 0 {
		t.Fatalf("%v, signal %d\n%s", err, result.Signal, out.String())
	}
	return out.String(), result.Code
}

// drop removes the builder's files.
func (p *otherPlatform) drop(t *testing.T) {
	t.Helper()
	config, err := layoutImage(t, p.builder, host(t)).ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	dropBuilder(t, p.home, "run-", config.Hex)
}

// machines are those of the programs in an image's layers, by path.
func (p *otherPlatform) machines(t *testing.T, image string) map[string]elf.Machine {
	t.Helper()
	ref, err := name.NewTag(p.registry + "/" + image)
	if err != nil {
		t.Fatal(err)
	}
	made, err := remote.Image(ref, remote.WithContext(t.Context()), remote.WithPlatform(v1.Platform{OS: p.to.OS, Architecture: p.to.Arch}))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]elf.Machine{}
	forFiles(t, made, func(name string, text []byte) {
		if program, err := elf.NewFile(bytes.NewReader(text)); err == nil {
			found[path.Join("/", name)] = program.Machine
		}
	})
	return found
}

// A cross builder makes the target's images or none: a platform that is too old
// for the target gets an error.
func TestACrossBuilderMakesTheTargetsProgramsOrNone(t *testing.T) {
	t.Parallel()
	on := host(t)
	to := targets.All()[0]
	if to == on {
		to = targets.All()[1]
	}
	large.Lock()
	defer large.Unlock()
	p := newPlatform(t, to)
	defer p.drop(t)
	for _, api := range []string{"0.7", "0.9", "0.11"} {
		t.Run("Platform API "+api, func(t *testing.T) {
			log, status := p.create(t, api, "old-"+strings.ReplaceAll(api, ".", "-")+":x")
			if status == 0 {
				t.Errorf("the creator ended with 0\n%s", log)
			}
			for _, want := range []string{"[platform-too-old]", "asks for " + on.String(), "makes images for " + to.String(), "Platform API 0.12"} {
				if !strings.Contains(log, want) {
					t.Errorf("got no %q in\n%s", want, log)
				}
			}
		})
	}
	apis := offered(t, layoutImage(t, filepath.Join(made.builders, to.Dashed()+"-on-"+on.Dashed()), on))
	if len(apis) < 2 || apis[0] != "0.12" {
		t.Fatalf("the builder offers %q, want 0.12 and later", apis)
	}
	for _, api := range apis {
		t.Run("Platform API "+api, func(t *testing.T) {
			log, status := p.create(t, api, "app:x") // the same, so that layers are made once
			if status != 0 {
				t.Fatalf("got status %d\n%s", status, log)
			}
			machines := p.machines(t, "app:x")
			for _, program := range []string{"/cnb/lifecycle/launcher", "/layers/armature_node-engine/node/bin/node", "/layers/armature_npm-start/supervisor/bin/supervisor"} {
				if got, ok := machines[program]; !ok {
					t.Errorf("%s is not there; got %v", program, machines)
				} else if got != to.ELF() {
					t.Errorf("%s: got %s, want %s", program, got, to.ELF())
				}
			}
			for program, machine := range machines {
				if machine != to.ELF() {
					t.Errorf("%s: got %s, want %s", program, machine, fmt.Sprint(to.ELF()))
				}
			}
		})
	}
}
