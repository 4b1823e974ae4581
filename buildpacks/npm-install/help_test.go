package npminstall_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
)

// otherVersions puts an npm before the real one that tells other versions of
// itself, by a substitution of sed's, and is the real one otherwise.
func otherVersions(t *testing.T, env environ.List, from, to string) environ.List {
	t.Helper()
	real, err := exec.LookPath("npm")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nif [ \"$1\" = version ]; then %[1]s \"$@\" | sed 's/%[2]s/%[3]s/'; else exec %[1]s \"$@\"; fi\n", real, from, to)
	if err := os.WriteFile(filepath.Join(dir, "npm"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return env.With("PATH", dir+":"+env.Get("PATH"))
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(before, text...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// treeOf describes everything in a folder: paths, modes, contents.
func treeOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		content := ""
		switch entry.Type() {
		case fs.ModeSymlink:
			content, err = os.Readlink(path)
		case 0:
			var text []byte
			text, err = os.ReadFile(path)
			content = string(text)
		}
		all[path] = info.Mode().String() + " " + content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// otherTarget is the target that this program does not run on.
func otherTarget(t *testing.T) targets.Target {
	host := hostTarget(t)
	for _, one := range targets.All() {
		if one != host {
			return one
		}
	}
	t.Fatal("there is only one target")
	return host
}

func hostTarget(t *testing.T) targets.Target {
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	return host
}

// library is the beginning of a shared object for a machine.
func library(machine elf.Machine) string {
	header := elf.Header64{Type: uint16(elf.ET_DYN), Machine: uint16(machine), Version: 1}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA], header.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	var out bytes.Buffer
	if err := binary.Write(&out, binary.LittleEndian, header); err != nil {
		panic(err)
	}
	return out.String()
}

// wants is the plan for node_modules.
func wants(flags map[string]any) packit.BuildpackPlan {
	return packit.BuildpackPlan{Entries: []packit.BuildpackPlanEntry{{Name: "node_modules", Metadata: flags}}}
}

var (
	launchOnly     = wants(map[string]any{"launch": true, "relinks": true})
	buildOnly      = wants(map[string]any{"build": true})
	buildAndLaunch = packit.BuildpackPlan{Entries: append(buildOnly.Entries, launchOnly.Entries...)}
)
