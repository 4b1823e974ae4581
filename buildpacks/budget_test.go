// Package buildpacks_test holds what is asked of every buildpack's programs:
// how large they may be, and how soon helpers are done.
package buildpacks_test

import (
	"debug/elf"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/testing/testprogram"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// What programs may take, in bytes. Helpers are in app images; the server of
// static sites is in place of Node.js.
const (
	maxHelper = 5_000_000
	maxServer = 7_000_000
	maxRun    = 13_000_000
)

// server is the folder of the server of static sites.
const server = "static-site/cmd/static-server"

// programs are the folders of those that the packager compiles.
func programs(t testing.TB, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("there is no %s", pattern)
	}
	for i := range found {
		found[i] = filepath.Dir(found[i])
	}
	return found
}

// compile makes a program as the packager does.
func compile(t testing.TB, source string, tg targets.Target, out string) {
	t.Helper()
	testprogram.Build(t, source, tg.OS, tg.Arch, out, "-buildvcs=false")
}

// TestProgramsAreSmallAndStatic looks at the programs in the packaged buildpacks.
func TestProgramsAreSmallAndStatic(t *testing.T) {
	tier.Beyond(t, "the packaged buildpacks")
	packages := os.Getenv("ARMATURE_PACKAGES")
	if packages == "" {
		t.Fatal("ARMATURE_PACKAGES is not set: make unit sets it to the folder of the packaged buildpacks")
	}
	sizes := map[string]int64{}
	for _, dir := range programs(t, "*/cmd/*/main.go") {
		sizes[dir] = maxHelper
	}
	if _, ok := sizes[server]; !ok {
		t.Fatalf("there is no %s", server)
	}
	sizes[server] = maxServer
	for _, dir := range programs(t, "*/run/main.go") {
		sizes[dir] = maxRun
	}
	for dir, most := range sizes {
		for _, tg := range targets.All() {
			buildpack, _, _ := strings.Cut(dir, "/")
			program := filepath.Join(packages, buildpack, "bin", tg.Dashed(), filepath.Base(dir))
			info, err := os.Stat(program)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s for %s: %.1f MB", dir, tg, float64(info.Size())/1e6)
			if info.Size() > most {
				t.Errorf("%s for %s: got %d bytes, want %d at most", dir, tg, info.Size(), most)
			}
			file, err := elf.Open(program)
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
				t.Errorf("%s for %s wants a dynamic loader", dir, tg)
			}
			file.Close()
		}
	}
}

// helper is one way to start a helper; the trivial program takes the place of
// an app.
type helper struct {
	name    string
	program string // its folder
	starts  bool   // it starts the app, given as its last argument
	env     func(b *testing.B) []string
}

var helpers = []helper{
	{name: "supervisor", program: "npm-start/cmd/supervisor", starts: true},
	{
		name: "node-options", program: "node-engine/cmd/node-options",
		env: func(*testing.B) []string { return []string{"NODE_OPTIONS=--use-openssl-ca", "OPTIMIZE_MEMORY=true"} },
	},
	{
		name: "node-options with an authority", program: "node-engine/cmd/node-options",
		env: func(b *testing.B) []string { return []string{"SERVICE_BINDING_ROOT=" + bindings(b)} },
	},
	{name: "relink", program: "npm-install/cmd/relink", env: func(b *testing.B) []string { return []string{"NODE_PROJECT_PATH=" + b.TempDir()} }},
}

// bindings is a folder of service bindings with a certificate authority.
func bindings(b *testing.B) string {
	b.Helper()
	root := b.TempDir()
	if err := os.Mkdir(filepath.Join(root, "ca"), 0o755); err != nil {
		b.Fatal(err)
	}
	certificate, err := os.ReadFile(filepath.Join("testdata", "authority.pem"))
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{"type": "ca-certificates", "authority.pem": string(certificate)} {
		if err := os.WriteFile(filepath.Join(root, "ca", name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return root
}

// trivialSource is a program that says that it runs, and ends.
const trivialSource = `package main

import "syscall"

func main() { syscall.Write(1, []byte("x")) }
`

// BenchmarkHelperStart starts each helper as a container does, in turn with a
// program that does nothing, which is what a process costs anyway, and reports
// the medians. A helper is done when it ends; the supervisor when the program
// that it starts runs, less what that takes by itself.
func BenchmarkHelperStart(b *testing.B) {
	host, err := targets.Host()
	if err != nil {
		b.Fatal(err)
	}
	source := filepath.Join(b.TempDir(), "main.go")
	if err := os.WriteFile(source, []byte(trivialSource), 0o644); err != nil {
		b.Fatal(err)
	}
	trivial := filepath.Join(b.TempDir(), "trivial")
	compile(b, source, host, trivial)
	for _, h := range helpers {
		b.Run(strings.ReplaceAll(h.name, " ", "-"), func(b *testing.B) {
			program := filepath.Join(b.TempDir(), "exec.d", "helper")
			compile(b, "./"+h.program, host, program)
			var env []string
			if h.env != nil {
				env = h.env(b)
			}
			var nothing, whole []time.Duration
			for b.Loop() {
				if h.starts {
					alone := untilItRuns(b, trivial)
					nothing = append(nothing, alone)
					whole = append(whole, untilItRuns(b, program, "--", trivial)-alone)
					continue
				}
				nothing = append(nothing, untilItEnds(b, trivial, nil))
				whole = append(whole, untilItEnds(b, program, env))
			}
			base, all := median(nothing), median(whole)
			b.ReportMetric(float64(all)/float64(base), "times-nothing")
			b.ReportMetric(float64(all.Microseconds())/1e3, "ms/start")
			b.ReportMetric(float64(base.Microseconds())/1e3, "ms/nothing")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// untilItRuns is how long it takes from the start of a program until the
// trivial one says that it runs.
func untilItRuns(b *testing.B, program string, args ...string) time.Duration {
	b.Helper()
	cmd := exec.Command(program, args...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, 1)); err != nil {
		b.Fatal(err)
	}
	took := time.Since(begin)
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return took
}

// untilItEnds runs a program to its end with a pipe at file descriptor 3, as
// the launcher does.
func untilItEnds(b *testing.B, program string, env []string) time.Duration {
	b.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer reader.Close()
	cmd := exec.Command(program)
	cmd.Env, cmd.ExtraFiles = append([]string{"PATH=/usr/bin:/bin"}, env...), []*os.File{writer}
	begin := time.Now()
	err = cmd.Run()
	took := time.Since(begin)
	writer.Close()
	if err != nil {
		b.Fatal(fmt.Errorf("%s: %w", program, err))
	}
	if _, err := io.Copy(io.Discard, reader); err != nil {
		b.Fatal(err)
	}
	return took
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
