package target

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"

	"github.com/armature-cnb/armature/internal/failure"
)

// launcher is the program of the lifecycle that goes into every app image. It
// is where the Platform API wants it, and no user can put another one there.
var launcher = "/cnb/lifecycle/launcher"

// checkLauncher compares a target with the machine of the launcher that the
// app image gets. They differ where the platform does not know what the image
// is for: below Platform API 0.12 the lifecycle does not read it from the run
// image and names its own architecture. Where there is no launcher, as outside
// of a builder, there is nothing to compare with.
func checkLauncher(t Target) error {
	file, err := elf.Open(launcher)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the lifecycle's launcher %s: %w", launcher, err)
	}
	defer file.Close()
	if file.Machine == t.ELF() {
		return nil
	}
	want := file.Machine.String()
	for _, other := range All() {
		if other.ELF() == file.Machine {
			want = other.String()
		}
	}
	return &failure.Failure{
		ID:    "platform-too-old",
		Cause: fmt.Sprintf("the platform asks for %s (CNB_TARGET_ARCH), but this builder makes images for %s: its launcher is for %s", t, want, file.Machine),
		Remedy: fmt.Sprintf("use a platform that speaks Platform API 0.12 or later, which takes the target from the run image (what CNB_PLATFORM_API says where the lifecycle is called; older ones name the builder's own architecture); "+
			"where it does, name a run image for %s, or a builder for %s.", want, t),
	}
}
