// Command relink runs when a container starts (exec.d) and repoints the project's
// node_modules links from the build's modules, which the app image does not have,
// to the launch layer. An image has it only if its last buildpack did not do that
// during the build.
//
// It never stops a container from starting: if the file system does not allow it,
// it prints a message on standard error and exits with 0.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

func main() {
	program, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "relink: finding the layer:", err)
		return
	}
	relink(filepath.Dir(filepath.Dir(program)), os.Getenv("NODE_PROJECT_PATH"), os.Stderr)
}

// relink reads the layer's list of links and corrects the wrong ones.
func relink(layerDir, projectDir string, stderr io.Writer) {
	links, err := nodemodules.ReadLinks(layerDir)
	if err != nil {
		fmt.Fprintln(stderr, "relink:", err)
		return
	}
	if links.Root != "" {
		projectDir = links.Root
	}
	if projectDir == "" {
		projectDir, _ = os.Getwd()
	}
	for _, link := range links.Launch {
		place, want := filepath.Join(projectDir, link), filepath.Join(layerDir, link)
		got, err := os.Readlink(place)
		if err != nil || got == want {
			continue // a folder, or already right
		}
		if err := nodemodules.Link(projectDir, layerDir, []string{link}); err != nil {
			fmt.Fprintf(stderr, "relink: %s leads to modules of the build, and cannot be changed: %s\n", place, err)
		}
	}
}
