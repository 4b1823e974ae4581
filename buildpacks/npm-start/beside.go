package npmstart

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/node/startup"
)

// linkBeside links folders of the project beside the file of a process that wants
// them there, such as the files that the standalone server of Next.js serves.
func (s start) linkBeside(p startup.Process) error {
	for _, folder := range p.Beside {
		to, link := filepath.Join(s.dir, folder), filepath.Join(s.dir, filepath.Dir(p.File), folder)
		if info, err := os.Stat(to); err != nil || !info.IsDir() {
			continue
		}
		if _, err := os.Lstat(link); err == nil {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return fmt.Errorf("making a folder for %s: %w", folder, err)
		}
		target, err := filepath.Rel(filepath.Dir(link), to)
		if err == nil {
			err = os.Symlink(target, link)
		}
		if err != nil {
			return fmt.Errorf("linking %s beside %s: %w", folder, p.File, err)
		}
	}
	return nil
}
