//go:build linux

// Package integration_test builds real apps with the armature program and the
// real builders, as root and as an unprivileged user, without a container
// engine.
//
// `make integration-armature` makes everything that these tests need; without
// it they are skipped.
package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
	"github.com/armature-cnb/armature/internal/testing/tier"
	"github.com/armature-cnb/armature/platform"
)

// made is what make passes: the program, and the builders' folder.
var made struct{ program, builders, stack string }

func TestMain(m *testing.M) {
	platform.Reexec()
	made.program, made.builders, made.stack = os.Getenv("ARMATURE"), os.Getenv("ARMATURE_BUILDERS"), os.Getenv("ARMATURE_STACK")
	if made.program == "" || made.builders == "" || made.stack == "" {
		fmt.Fprintln(os.Stderr, "ARMATURE, ARMATURE_BUILDERS and ARMATURE_STACK are not set: run `make integration-armature`, which makes everything first")
		if tier.IsAll() {
			os.Exit(1)
		}
		os.Exit(0)
	}
	for _, id := range []int{0, nobody} {
		home, err := os.MkdirTemp("", "armature-integration-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		homes[id] = home
	}
	status := m.Run()
	for _, home := range homes {
		os.RemoveAll(home)
	}
	os.Exit(status)
}

const express = "../testdata/express"

// Users unpack the builder once each, at the same time.
func TestEveryWayAndEveryUserMakesTheSameImage(t *testing.T) {
	t.Run("root", func(t *testing.T) {
		t.Parallel()
		everyWay(t)
	})
	t.Run("an ordinary user", func(t *testing.T) {
		t.Parallel()
		anOrdinaryUser(t)
	})
}

func everyWay(t *testing.T) {
	root := newUser(t, 0)
	first := root.must(express, "--tag", "app")
	image, err := oci.ReadLayout(first.folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(image); err != nil {
		t.Error(err)
	}
	if digest, _ := image.Digest(); digest.String() != first.digest {
		t.Errorf("the folder holds %s, the program said %s", digest, first.digest)
	}
	again := root.must(express, "--tag", "app")
	if again.digest != first.digest || !strings.Contains(again.log, "Reusing layer 'armature/npm-install:launch-modules'") {
		t.Errorf("again: got %s, want %s, and layers of the first build\n%s", again.digest, first.digest, again.log)
	}
	for _, way := range []string{"mount-namespace", "user-namespace", "chroot"} {
		t.Run(way, func(t *testing.T) {
			b := root.in(t).build(express, "--tag", "app-"+way, "--cache-key", "app-"+way, "--sandbox", way)
			if b.status != 0 && strings.Contains(b.log, "[no-sandbox]") {
				t.Skipf("this machine refuses it: %s", b.log)
			}
			if b.status != 0 || b.digest != first.digest {
				t.Errorf("got status %d, %s, want %s\n%s", b.status, b.digest, first.digest, b.log)
			}
		})
	}
}

func anOrdinaryUser(t *testing.T) {
	root := newUser(t, 0)
	u := newUser(t, nobody)
	b := u.build(express, "--tag", "app", "--output", "tar:"+filepath.Join(u.home, "app.tar"))
	if b.status != 0 && strings.Contains(b.log, "[no-sandbox]") {
		t.Skipf("this machine refuses it: %s", b.log)
	}
	// Only the name of the run image differs: it is in the configuration.
	if b.status != 0 {
		t.Fatalf("got status %d\n%s", b.status, b.log)
	}
	named := root.must(express, "--tag", "app-named", "--run-image", u.runImage)
	if b.digest != named.digest {
		t.Errorf("got %s, want %s", b.digest, named.digest)
	}
	if list, _ := os.ReadDir(filepath.Join(u.cache(), "work")); len(list) != 0 {
		t.Errorf("left over: %v", list)
	}
}

func TestConcurrentBuildsNeitherFailNorMix(t *testing.T) {
	u := newUser(t, 0)
	app, other := plainApp(t), plainApp(t)
	if err := os.WriteFile(filepath.Join(other, "server.js"), []byte("process.exit(0)"), 0o644); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	digests := make([]string, 4)
	for i, args := range [][]string{{app, "--tag", "same"}, {app, "--tag", "same"}, {app, "--tag", "another"}, {other, "--tag", "different"}} {
		all.Go(func() {
			b := u.build(args[0], args[1:]...)
			if b.status != 0 {
				t.Errorf("%v: got status %d\n%s", args, b.status, b.log)
			}
			digests[i] = b.digest
		})
	}
	all.Wait()
	if digests[0] != digests[1] || digests[0] != digests[2] || digests[0] == digests[3] {
		t.Errorf("got %q, want the first three alike", digests)
	}
}

func TestADamagedCacheCostsTimeAndNothingElse(t *testing.T) {
	u := newUser(t, 0)
	app := plainApp(t)
	want := u.must(app, "--tag", "damaged")
	blobs, _ := filepath.Glob(filepath.Join(u.cache(), "builds/*/blobs/sha256-*"))
	if len(blobs) == 0 {
		t.Fatal("there are no blobs")
	}
	for _, blob := range blobs {
		if err := os.Remove(blob); err != nil {
			t.Fatal(err)
		}
	}
	if got := u.must(app, "--tag", "damaged"); got.digest != want.digest {
		t.Errorf("got %s, want %s", got.digest, want.digest)
	}
}

// armature makes the Node.js layer once per builder, from its own app, and it
// is the same as the one that a build makes.
func TestTheFirstBuildOfAnAppBeginsWithTheLayerOfNode(t *testing.T) {
	u := newUser(t, 0)
	const reused = "Reusing layer 'armature/node-engine:node'"
	first := u.must(plainApp(t), "--tag", "seeded-one") // two folders with the same content
	second := u.must(plainApp(t), "--tag", "seeded-two")
	for _, b := range []built{first, second} {
		if !strings.Contains(b.log, reused) {
			t.Errorf("a first build makes the layer of Node.js:\n%s", b.log)
		}
	}
	if strings.Contains(second.log, "once for all builds") {
		t.Errorf("the second app's build makes it again:\n%s", second.log)
	}
	blobs, err := filepath.Glob(filepath.Join(u.cache(), "roots/*-seed-2/sha256-*"))
	if err != nil || len(blobs) == 0 {
		t.Fatal("there are no layers that were made beforehand", err)
	}
	aside, err := os.MkdirTemp(u.home, "seeds-")
	if err != nil {
		t.Fatal(err)
	}
	for i, blob := range blobs {
		place := filepath.Join(aside, strconv.Itoa(i))
		if err := os.Rename(blob, place); err != nil {
			t.Fatal(err)
		}
		defer os.Rename(place, blob) // for the tests that follow
	}
	without := u.must(plainApp(t), "--tag", "seeded-three")
	if strings.Contains(without.log, reused) {
		t.Errorf("a layer is reused that is not there:\n%s", without.log)
	}
	if other := u.must(plainApp(t), "--tag", "seeded-four", "--env", "BP_NODE_OPTIMIZE_MEMORY=true"); strings.Contains(other.log, reused) {
		t.Errorf("a layer is reused that has other settings:\n%s", other.log)
	}
	if first.digest != without.digest || second.digest != without.digest {
		t.Errorf("got %s and %s with the layer, %s without", first.digest, second.digest, without.digest)
	}
}

func TestFailuresHaveAnIDAndAStatus(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	for _, tc := range []struct {
		name   string
		args   []string
		status int
		want   string
	}{
		{"no app", []string{t.TempDir(), "--tag", "app"}, 1, "[no-buildpack-applies]"},
		{"no folder", []string{"/nowhere", "--tag", "app"}, 1, "[app-unreadable]"},
		{"a run image of another platform", []string{plainApp(t), "--tag", "app", "--run-image", made.stack + "/run-amd64"}, 1, "[image-platform]"},
		{"a builder for another target", []string{plainApp(t), "--tag", "app", "--platform", "linux/amd64", "--builder", made.builders + "/linux-arm64-on-" + host(t).Dashed()}, 1, "[builder-target]"},
		{"a registry that is not there", []string{plainApp(t), "--tag", "app", "--builder", "127.0.0.1:1/builder"}, 75, "[registry-unreachable]"},
		{"an image that is no builder", []string{plainApp(t), "--tag", "app", "--builder", made.stack + "/build-" + host(t).Arch}, 1, "[not-a-builder]"},
		{"a version that nobody has", []string{plainApp(t), "--tag", "app", "--env", "BP_NODE_VERSION=1.2.3"}, 1, "[node-version-unknown]"},
		{"no tag", []string{plainApp(t)}, 2, "--tag is missing"},
		{"an unknown flag", []string{plainApp(t), "--tga", "app"}, 2, "tga"},
		{"a name that is none", []string{plainApp(t), "--tag", "App"}, 1, "[image-name]"},
		{"a name with a scheme", []string{plainApp(t), "--tag", "https://registry.example.com/app"}, 1, "[image-name]"},
		{"a name that climbs", []string{plainApp(t), "--tag", "example.com/../../app"}, 1, "[image-name]"},
		{"an output that is none", []string{plainApp(t), "--tag", "app", "--output", "zip:x"}, 1, "[output-unknown]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := u.in(t).build(tc.args[0], tc.args[1:]...)
			if b.status != tc.status || !strings.Contains(b.log, tc.want) {
				t.Errorf("got status %d, want %d and %q in\n%s", b.status, tc.status, tc.want, b.log)
			}
		})
	}
}

func TestABuildWithoutANetworkReachesNone(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	u.must(plainApp(t), "--tag", "app", "--network", "none") // Node.js is in the builder
	b := u.build(express, "--tag", "express", "--cache-key", "no-network", "--network", "none", "--env", "NPM_CONFIG_FETCH_RETRIES=0")
	if b.status == 0 {
		t.Error("npm installed without a network")
	}
}

func host(t *testing.T) targets.Target {
	t.Helper()
	h, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
