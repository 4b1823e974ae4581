package targets

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/armature-cnb/armature/internal/failure"
)

// launcher is the lifecycle's program that goes into every app image. The
// Platform API fixes its path, and users cannot replace it.
var launcher = "/cnb/lifecycle/launcher"

// checkLauncher compares a target with the machine type of the app image's
// launcher. They differ if the platform does not know the image's target: below
// Platform API 0.12 the lifecycle does not read it from the run image and
// reports its own architecture. Without a launcher, as outside a builder, it
// checks nothing.
func checkLauncher(t Target) error {
	machine, err := machineOf(launcher)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the lifecycle's launcher: %w", err)
	}
	if machine == t.ELF() {
		return nil
	}
	want := machine.String()
	for _, other := range All() {
		if other.ELF() == machine {
			want = other.String()
		}
	}
	return &failure.Failure{
		ID:    "platform-too-old",
		Cause: fmt.Sprintf("the platform asks for %s (CNB_TARGET_ARCH), but this builder makes images for %s: its launcher is for %s", t, want, machine),
		Remedy: fmt.Sprintf("use a platform that speaks Platform API 0.12 or later, which takes the target from the run image (what CNB_PLATFORM_API says where the lifecycle is called; older ones name the builder's own architecture); "+
			"where it does, name a run image for %s, or a builder for %s.", want, t),
	}
}

// machineOf reads a program's machine type from its ELF header itself: package
// debug/elf would make small programs 4 % larger.
func machineOf(path string) (elf.Machine, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	header := make([]byte, 20)
	if _, err := io.ReadFull(file, header); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	if string(header[:len(elf.ELFMAG)]) != elf.ELFMAG {
		return 0, fmt.Errorf("%s is no program: it begins with %q", path, header[:len(elf.ELFMAG)])
	}
	var order binary.ByteOrder = binary.LittleEndian
	if elf.Data(header[elf.EI_DATA]) == elf.ELFDATA2MSB {
		order = binary.BigEndian
	}
	return elf.Machine(order.Uint16(header[18:])), nil
}
