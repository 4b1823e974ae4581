package targets

import "testing"

// UseLauncher has a test's targets compared with the launcher at path.
func UseLauncher(t *testing.T, path string) {
	t.Helper()
	before := launcher
	launcher = path
	t.Cleanup(func() { launcher = before })
}
