package yarn

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
)

// versions are process.versions of the Node.js that runs Yarn.
type versions struct {
	Node    string `json:"node"`
	Modules string `json:"modules"` // the ABI of native modules
	NAPI    string `json:"napi"`
}

func askVersions(env environ.List) (v versions, err error) {
	node, err := lookPath("node", env.Get("PATH"))
	if err != nil {
		return v, err
	}
	cmd := exec.Command(node, "--print", "JSON.stringify(process.versions)")
	cmd.Env, cmd.Dir = env, os.TempDir()
	output, err := cmd.Output()
	if err != nil {
		return v, fmt.Errorf("asking Node.js for its versions: %w", err)
	}
	return v, json.Unmarshal(output, &v)
}

// lookPath is exec.LookPath for another PATH than this process's.
func lookPath(name, path string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("there is no %s on the PATH of the build, %q: %w", name, path, exec.ErrNotFound)
}

// majorOf returns the first number of a version, or 0.
func majorOf(version string) int {
	first, _, _ := strings.Cut(version, ".")
	number, _ := strconv.Atoi(first)
	return number
}
