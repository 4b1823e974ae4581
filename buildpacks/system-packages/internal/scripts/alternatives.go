package scripts

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/buildpacks/system-packages/internal/rootfs"
)

// Alternatives are the links that update-alternatives(1) would make, by name.
type Alternatives map[string][]alternative

// alternative is one of several programs for a name.
type alternative struct {
	priority int
	links    [][2]string // the link and its target, and those of its slaves
}

var errAlternative = errors.New("got other arguments, want --install LINK NAME PATH PRIORITY, with --slave LINK NAME PATH for others")

// install reads the arguments of update-alternatives --install.
func (a Alternatives) install(args []string) error {
	if len(args) < 4 {
		return errAlternative
	}
	priority, err := strconv.Atoi(args[3])
	if err != nil {
		return errAlternative
	}
	one := alternative{priority: priority, links: [][2]string{{args[0], args[2]}}}
	for rest := args[4:]; len(rest) > 0; rest = rest[4:] {
		if len(rest) < 4 || rest[0] != "--slave" {
			return errAlternative
		}
		one.links = append(one.links, [2]string{rest[1], rest[3]})
	}
	a[args[1]] = append(a[args[1]], one)
	return nil
}

// call does what update-alternatives does, and returns its exit status.
func (a Alternatives) call(args []string) (status int, err error) {
	args = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == "--quiet" || arg == "--force" })
	if len(args) == 0 {
		return 0, errAlternative
	}
	switch args[0] {
	case "--install":
		return 0, a.install(args[1:])
	case "--remove", "--remove-all", "--auto":
		return 0, nil // of packages that were there before
	case "--list", "--query", "--display":
		return 2, nil
	}
	return 0, errAlternative
}

// Apply makes the links of the alternatives with the highest priority, of several
// the one whose path comes first. It leaves out links to what a layer drops.
func (a Alternatives) Apply(root *rootfs.Root) error {
	for _, name := range slices.Sorted(maps.Keys(a)) {
		best := slices.MinFunc(a[name], func(x, y alternative) int {
			if x.priority != y.priority {
				return y.priority - x.priority
			}
			return strings.Compare(x.links[0][1], y.links[0][1])
		})
		for _, link := range best.links {
			if _, err := root.Lstat(rootfs.Clean(link[1])); err != nil || rootfs.Dropped(rootfs.Clean(link[0])) {
				continue
			}
			if err := root.Symlink(rootfs.Clean(link[0]), link[1]); err != nil {
				return fmt.Errorf("making the alternative %s: %w", name, err)
			}
		}
	}
	return nil
}
