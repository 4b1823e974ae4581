package integration_test

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/paketo-buildpacks/occam"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// inspection has the used fields of `docker image inspect`.
type inspection struct {
	RepoTags     []string
	OS           string `json:"Os"`
	Architecture string
	Config       struct{ User string }
}

func inspect(t *testing.T, name string) inspection {
	t.Helper()
	var all []inspection
	if err := json.Unmarshal(dockerOutput(t, "image", "inspect", name), &all); err != nil {
		t.Fatal(err)
	}
	return all[0]
}

func dockerOutput(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := exec.Command("docker", args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// processUser is the user id of a container's first process.
func processUser(t *testing.T, container string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(string(dockerOutput(t, "top", container, "-o", "uid,pid"))), "\n")
	return strings.Fields(lines[1])[0]
}

// exported exports an image with its content from the engine.
func exported(t *testing.T, built occam.Image) v1.Image {
	t.Helper()
	image, err := occam.NewDocker().Image.ExportToOCI.Execute(inspect(t, built.ID).RepoTags[0]) // it takes no ids
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// elfFiles sorts every ELF file of an image's root file system by whether it
// is of the target's machine type. User-mode emulation would run the others
// here and an arm64 machine would not.
func elfFiles(t *testing.T, built occam.Image, tg targets.Target) (wrong, right []string) {
	t.Helper()
	for file, machine := range elfMachines(t, exported(t, built)) {
		if machine == tg.ELF() {
			right = append(right, file)
		} else {
			wrong = append(wrong, file+" is "+machine.String())
		}
	}
	return wrong, right
}

// files are the paths of the files in some folders of an image, without the
// slash in front.
func files(t *testing.T, built occam.Image, folders ...string) []string {
	t.Helper()
	rootFS := mutate.Extract(exported(t, built))
	defer rootFS.Close()
	var paths []string
	for r := tar.NewReader(rootFS); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return paths
		}
		if err != nil {
			t.Fatal(err)
		}
		path := strings.TrimPrefix(header.Name, "/")
		inside := func(folder string) bool { return strings.HasPrefix(path, folder) }
		if header.Typeflag == tar.TypeReg && slices.ContainsFunc(folders, inside) {
			paths = append(paths, path)
		}
	}
}

// elfMachines gives the machine type of every ELF file in an image's root
// file system, or of those that are named.
func elfMachines(t *testing.T, image v1.Image, names ...string) map[string]elf.Machine {
	t.Helper()
	rootFS := mutate.Extract(image)
	defer rootFS.Close()
	machines := map[string]elf.Machine{}
	for r := tar.NewReader(rootFS); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return machines
		}
		if err != nil {
			t.Fatal(err)
		}
		file := strings.TrimPrefix(header.Name, "/")
		if header.Typeflag != tar.TypeReg || header.Size < 64 || len(names) > 0 && !slices.Contains(names, file) {
			continue
		}
		if machine, ok := elfMachine(t, r); ok {
			machines[file] = machine
		}
	}
}

// elfMachine reads e_machine from the first 20 bytes of a file; ok is false
// when the file is not ELF.
func elfMachine(t *testing.T, r io.Reader) (machine elf.Machine, ok bool) {
	t.Helper()
	head := make([]byte, 20)
	if _, err := io.ReadFull(r, head); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(head, []byte(elf.ELFMAG)) {
		return 0, false
	}
	if elf.Data(head[elf.EI_DATA]) == elf.ELFDATA2MSB {
		return elf.Machine(uint16(head[18])<<8 | uint16(head[19])), true
	}
	return elf.Machine(uint16(head[19])<<8 | uint16(head[18])), true
}
