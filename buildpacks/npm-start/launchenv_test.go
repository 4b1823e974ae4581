package npmstart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// launchEnv applies a layer's folder env.launch to a container's variables
// (Buildpack API, "Environment Variable Modification Rules"). The contract tests
// use the lifecycle itself.
func launchEnv(t *testing.T, env map[string]string, layer string) {
	t.Helper()
	dir := filepath.Join(layer, "env.launch")
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		value, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		name, action, _ := strings.Cut(entry.Name(), ".")
		before, set := env[name]
		delimiter, err := os.ReadFile(filepath.Join(dir, name+".delim"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		switch {
		case action == "delim", action == "default" && set:
		case action == "append" && set:
			env[name] = before + string(delimiter) + string(value)
		case action == "prepend" && set:
			env[name] = string(value) + string(delimiter) + before
		default:
			env[name] = string(value)
		}
	}
}
