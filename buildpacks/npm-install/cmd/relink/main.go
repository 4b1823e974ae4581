// Command relink runs when a container starts (exec.d) and leads the project's
// node_modules from the modules of the build, which the app image does not
// have, to those of the launch. It is only in an image whose last buildpack
// did not do that during the build.
//
// It never stops a container from starting: where the file system does not
// let it, it says so on standard error and ends well.
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

// relink reads the layer's list of links and makes those that are not right.
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
			continue // somebody's own folder, or right already
		}
		if err := nodemodules.Link(projectDir, layerDir, []string{link}); err != nil {
			fmt.Fprintf(stderr, "relink: %s leads to modules of the build, and cannot be changed: %s\n", place, err)
		}
	}
}
