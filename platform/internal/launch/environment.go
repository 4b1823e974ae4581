//go:build linux

package launch

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/platform/internal/hostfiles"
	"github.com/armature-cnb/armature/platform/internal/sandbox"
)

// user parses the image's user: a number or a name, and the same for the group
// (OCI image spec, "User").
func user(text string) (uid, gid int, err error) {
	name, group, _ := strings.Cut(text, ":")
	uid, err = strconv.Atoi(name)
	if err == nil && group == "" {
		group = name
	}
	if err == nil {
		gid, err = strconv.Atoi(group)
	}
	if err != nil || uid <= 0 || uid > sandbox.MaxID || gid < 0 || gid > sandbox.MaxID {
		return 0, 0, &failure.Failure{ID: "image-user", Cause: fmt.Sprintf("the image's user is %q, want UID:GID, not root", text), Remedy: "run an image that buildpacks made."}
	}
	return uid, gid, nil
}

// searchPath is container engines' default PATH.
const searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment returns the image's environment with the given variables replacing
// the image's: programs differ in which of two duplicates they use. Missing
// variables that container engines set follow: PATH, HOSTNAME, and the user's
// HOME.
func (o Options) environment(own []string, home string) []string {
	set := map[string]bool{}
	var all []string
	for _, variable := range own {
		name, _, _ := strings.Cut(variable, "=")
		set[name] = true
		if _, given := o.Env[name]; !given {
			all = append(all, variable)
		}
	}
	for _, variable := range []string{"PATH=" + searchPath, "HOSTNAME=" + hostfiles.Hostname, "HOME=" + home} {
		name, _, _ := strings.Cut(variable, "=")
		if _, given := o.Env[name]; !given && !set[name] {
			all = append(all, variable)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o.Env)) {
		all = append(all, name+"="+o.Env[name])
	}
	return all
}

// maxPasswd is the maximal size in bytes of an image's /etc/passwd.
const maxPasswd = 1 << 20

// homeOf returns a user's home in the image's /etc/passwd (passwd(5)), or /,
// container engines' default.
func homeOf(root string, user int) string {
	inside, err := os.OpenRoot(root)
	if err != nil {
		return "/"
	}
	defer inside.Close()
	if info, err := inside.Stat("etc/passwd"); err != nil || !info.Mode().IsRegular() {
		return "/"
	}
	file, err := inside.Open("etc/passwd")
	if err != nil {
		return "/"
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxPasswd))
	if err != nil {
		return "/"
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) >= 6 && fields[2] == strconv.Itoa(user) && strings.HasPrefix(fields[5], "/") {
			return fields[5]
		}
	}
	return "/"
}
