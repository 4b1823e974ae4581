//go:build linux

package integration_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/emulation"
)

// wholeMatrix is set by `make natives`: every app is built on every host for
// every target. Compiling under emulation, most of it takes long.
var wholeMatrix = os.Getenv("ARMATURE_NATIVES") != ""

// other returns the other target, whose programs this machine must be able to
// emulate.
func other(t *testing.T) targets.Target {
	t.Helper()
	for _, to := range targets.All() {
		if to == host(t) {
			continue
		}
		if !emulation.Works(to) {
			t.Skip("this machine has no emulation of " + to.String())
		}
		return to
	}
	panic("there is one target only")
}

// answer runs an image and returns what its app answers.
func (u *user) answer(folder string) string {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.t.Context(), 2*time.Minute)
	defer cancel()
	port := freePort(u.t)
	cmd := u.command(ctx, "run", folder, "--port", fmt.Sprint(port))
	said, err := cmd.StderrPipe()
	if err != nil {
		u.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		u.t.Fatal(err)
	}
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		for lines := bufio.NewScanner(said); lines.Scan(); {
			u.t.Log(lines.Text())
		}
	}()
	text := get(ctx, u.t, fmt.Sprintf("http://127.0.0.1:%d", port))
	cmd.Process.Signal(syscall.SIGTERM)
	<-logged
	cmd.Wait()
	return text
}

// Compiled by node-gyp: bcrypt 5 and better-sqlite3. Prebuilt optional packages:
// sharp (a library) and esbuild (a program).
func TestNativeModulesWorkWhereverTheyWereBuilt(t *testing.T) {
	here, there := host(t), other(t)
	if wholeMatrix {
		cache, hex := newUser(t, 0).cache(), builderHex(t, here, there)
		t.Cleanup(func() { dropBuilder(t, cache, "", hex) }) // after the parallel subtests
	}
	answers := map[string]string{
		"bcrypt":   `{"arch":%q,"right":true,"wrong":false}`,
		"prebuilt": `{"arch":%q,"sharp":"png 6x4","esbuild":"let a = 1;"}`,
		"sqlite":   `{"arch":%q,"sum":42}`,
	}
	for _, tc := range []struct {
		app      string
		host, to targets.Target
		always   bool
	}{
		{"bcrypt", here, there, true},
		{"prebuilt", here, there, true},
		{"sqlite", here, there, true},
		{"prebuilt", there, here, false}, // a machine like that host tries it always, by the second line
		{"bcrypt", there, here, false},
		{"sqlite", there, here, false},
		{"bcrypt", here, here, false},
		{"prebuilt", here, here, false},
		{"sqlite", here, here, false},
		{"bcrypt", there, there, false},
		{"prebuilt", there, there, false},
		{"sqlite", there, there, false},
	} {
		t.Run(fmt.Sprintf("%s on %s for %s", tc.app, tc.host, tc.to), func(t *testing.T) {
			if !tc.always && !wholeMatrix {
				t.Skip("it takes long: make natives builds it, too")
			}
			t.Parallel()
			u := newUser(t, 0)
			begin := time.Now()
			var fast []string
			if !wholeMatrix || tc.host == there {
				// SQLite takes a minute to optimize, more than an hour when emulated. Of the
				// rest, most is looking for misleading indentation in its one huge file.
				fast = []string{"--env", "CFLAGS=-O0 -Wno-misleading-indentation", "--env", "CXXFLAGS=-O0"}
			}
			b := u.must("testdata/"+tc.app, append(fast, "--tag", fmt.Sprintf("%s:%s-on-%s", tc.app, tc.to.Arch, tc.host.Arch),
				"--platform", tc.to.String(), "--host-platform", tc.host.String())...)
			t.Logf("%s in %.0f s", b.digest, time.Since(begin).Seconds())
			if got, want := u.answer(b.folder), fmt.Sprintf(answers[tc.app], tc.to.Node()); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// builderHex is the digest of the builder for a target on a host.
func builderHex(t *testing.T, to, on targets.Target) string {
	t.Helper()
	digest, err := layoutImage(t, filepath.Join(made.builders, to.Dashed()+"-on-"+on.Dashed()), on).Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.Hex
}

// Both need the builder of the other host, and one after the other.
func TestEmulatedBuilds(t *testing.T) {
	t.Parallel()
	there := other(t)
	large.Lock()
	defer large.Unlock()
	defer dropBuilder(t, newUser(t, 0).cache(), "", builderHex(t, there, there))
	t.Run("make the same image", func(t *testing.T) { emulatedIsTheSame(t, there) })
	t.Run("make what cannot be crossed", func(t *testing.T) { uncrossableIsEmulated(t, there) })
}

func emulatedIsTheSame(t *testing.T, there targets.Target) {
	u := newUser(t, 0)
	app := plainApp(t)
	crossed := u.must(app, "--tag", "crossed", "--platform", there.String())
	emulated := u.must(app, "--tag", "emulated", "--platform", there.String(), "--emulate")
	if emulated.digest != crossed.digest || !strings.Contains(emulated.log, "headers for "+there.String()+", for the build") {
		t.Errorf("got %s, want %s, built on %s\n%s", emulated.digest, crossed.digest, there, emulated.log)
	}
}

func uncrossableIsEmulated(t *testing.T, there targets.Target) {
	here, u := host(t), newUser(t, 0)
	const app = "testdata/uncrossable"
	crossed := u.build(app, "--tag", "uncrossable", "--platform", there.String())
	for _, want := range []string{"[native-module-wrong-architecture]", "leaver: made/echo is for " + here.String(), "comes with binaries", "`armature build --emulate`"} {
		if crossed.status != 1 || !strings.Contains(crossed.log, want) {
			t.Errorf("got status %d, want 1 and %q in\n%s", crossed.status, want, crossed.log)
		}
	}
	emulated := u.must(app, "--tag", "uncrossable", "--platform", there.String(), "--emulate")
	if got, want := u.answer(emulated.folder), "left by "+there.Node()+"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnEmulatedBuildNeedsTheOtherHostsBuilder(t *testing.T) {
	t.Parallel()
	there := other(t)
	u := newUser(t, 0)
	for name, tc := range map[string]struct{ builder, want string }{
		"a layout of this host's": {made.builders + "/" + there.Dashed() + "-on-" + host(t).Dashed(), "[image-platform]"},
		"a folder without it":     {t.TempDir(), "[no-builder]"},
	} {
		b := u.build(plainApp(t), "--tag", "app", "--platform", there.String(), "--emulate", "--builder", tc.builder)
		if b.status != 1 || !strings.Contains(b.log, tc.want) || !strings.Contains(b.log, there.String()) {
			t.Errorf("%s: got status %d, want 1 and %q in\n%s", name, b.status, tc.want, b.log)
		}
	}
}
