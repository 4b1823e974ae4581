package inventory_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/node/inventory"
)

// node is one dependency of a test inventory.
type node struct{ version, arch string }

// read writes a buildpack.toml with five lines, of which 26 and 25 are no LTS
// lines and 20 and 25 are past their end, and reads it.
func read(t *testing.T, nodes ...node) *inventory.Inventory {
	t.Helper()
	inv, err := inventory.Read(write(t, header+dependencies(nodes)))
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "buildpack.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const header = `
[metadata.default-versions]
  node = "24.*.*"
[[metadata.lines]]
  line = 20
  codename = "iron"
  lts = "2023-10-24"
  end-of-life = "2026-04-30"
[[metadata.lines]]
  line = 26
  codename = ""
  lts = "2026-10-28"
  end-of-life = "2029-04-30"
  newest-release = "2026-08-05"
[[metadata.lines]]
  line = 25
  end-of-life = "2026-06-01"
[[metadata.lines]]
  line = 24
  codename = "krypton"
  lts = "2025-10-28"
  end-of-life = "2028-04-30"
[[metadata.lines]]
  line = 22
  codename = "jod"
  lts = "2024-10-29"
  end-of-life = "2027-04-30"
[[metadata.npm-releases]]
  version = "11.0.0"
  checksum = "sha512:` + zeros + zeros + `"
`

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func dependencies(nodes []node) string {
	var b strings.Builder
	for _, n := range nodes {
		fmt.Fprintf(&b, `
[[metadata.dependencies]]
  id = "node"
  version = "%s"
  os = "linux"
  arch = "%s"
  uri = "https://nodejs.org/dist/v%s/x.tar.gz"
  checksum = "sha256:%s"
  deprecation_date = 2028-04-30T00:00:00Z
  npm-version = "11.0.0"
  npm-package = "node-linux-x"
  npm-checksum = "sha512:%s%s"
`, n.version, n.arch, n.version, zeros, zeros, zeros)
	}
	return b.String()
}
