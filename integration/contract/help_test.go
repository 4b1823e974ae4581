package contract_test

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/buildpacks/lifecycle/buildpack"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

func place(t *testing.T, dir string, all contents) {
	t.Helper()
	for name, text := range all {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func sorted(all []string) string {
	slices.Sort(all)
	return strings.Join(all, " ")
}

func names[V any](all map[string]V) []string {
	var list []string
	for name := range all {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

// with returns the contents with some added or replaced.
func (c contents) with(more contents) contents {
	all := contents{}
	for _, part := range []contents{c, more} {
		for name, text := range part {
			all[name] = text
		}
	}
	return all
}

// requires is a plan entry: "build" and "launch" alone are true, the rest is
// "key=value".
func requires(name string, metadata ...string) buildpack.Require {
	entry := buildpack.Require{Name: name, Metadata: map[string]any{}}
	for _, pair := range metadata {
		key, value, isPair := strings.Cut(pair, "=")
		if isPair {
			entry.Metadata[key] = value
		} else {
			entry.Metadata[key] = true
		}
	}
	return entry
}

// describe is a plan entry in one line, its metadata sorted.
func describe(r buildpack.Require) string {
	var all []string
	for _, key := range names(r.Metadata) {
		all = append(all, fmt.Sprintf("%s=%v", key, r.Metadata[key]))
	}
	return strings.TrimSpace(r.Name + " " + strings.Join(all, " "))
}

func describeAll(entries []buildpack.Require) string {
	var all []string
	for _, entry := range entries {
		all = append(all, describe(entry))
	}
	return strings.Join(all, "\n")
}

func provided(sections buildpack.PlanSections) string {
	var all []string
	for _, p := range sections.Provides {
		all = append(all, p.Name)
	}
	return strings.Join(all, " ")
}

// equal fails the test unless got equals want.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got\n%v\nwant\n%v", what, got, want)
	}
}

// contain fails the test unless the text has the part.
func contain(t *testing.T, what, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%s: got\n%s\nwant %q in it", what, text, part)
	}
}

// plan is one entry of a name for each of the lists of metadata.
func plan(name string, entries ...[]string) []buildpack.Require {
	var all []buildpack.Require
	for _, metadata := range entries {
		all = append(all, requires(name, metadata...))
	}
	return all
}

// machine returns a program's machine type, as uname prints it.
func machine(t *testing.T, path string) string {
	t.Helper()
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	switch file.Machine {
	case elf.EM_X86_64:
		return targets.LinuxAMD64.Machine()
	case elf.EM_AARCH64:
		return targets.LinuxARM64.Machine()
	}
	return file.Machine.String()
}
