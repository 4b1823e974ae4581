package npmrange_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/internal/node/npmrange"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// pairs are two ranges, and whether node-semver finds a version that is in both.
var pairs = []struct {
	a, b string
	want bool
}{
	{"*", "1.2.3", true},
	{"", "", true},
	{"^1.2.0", "1.x", true},
	{"^1.2.0", "2.x", false},
	{"^1.2.0", "<1.2.0", false},
	{"^1.2.0", "<=1.2.0", true},
	{">1.2.0", "1.2.0", false},
	{">=1.2.0", "1.2.0", true},
	{"1.2.0", "1.2.0", true},
	{"1.2.0", "1.2.1", false},
	{"<1", ">=1", false},
	{"<1 || >3", "2", false},
	{"<1 || >3", "2 || 4", true},
	{"^1.0.0-beta.1", "1.0.0-beta.2", false},
	{">1.0.0", "1.0.1-rc.1", false},
	{"~1.2", "1.3.0-0", false},
	{"<0.0.0-0", "*", true},
	{"<0.0.0-0", "<1", false},
	{"<=2", "2.0.0", true},
	{"<2", ">=1 <=2", true},
	{">=2", "<2", false},
	{">=2", "<=2", true},
	{"1 - 2", ">2.9", true},
}

func TestIntersects(t *testing.T) {
	for _, row := range pairs {
		a, b := parse(t, row.a), parse(t, row.b)
		if got := a.Intersects(b); got != row.want {
			t.Errorf("%q and %q: got %t, want %t", row.a, row.b, got, row.want)
		}
		if got := b.Intersects(a); got != row.want {
			t.Errorf("%q and %q: got %t, want %t", row.b, row.a, got, row.want)
		}
	}
}

func parse(t *testing.T, text string) npmrange.Range {
	t.Helper()
	r, err := npmrange.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const semverSays = `
const [npm, pairs] = process.argv.slice(1)
const semver = require(npm + '/node_modules/semver')
console.log(JSON.stringify(JSON.parse(pairs).map(([a, b]) => semver.intersects(a, b))))
`

func TestTheTableOfIntersectsIsWhatNPMSays(t *testing.T) {
	npm, err := filepath.EvalSymlinks(tier.Program(t, "npm"))
	if err != nil || filepath.Base(npm) != "npm-cli.js" {
		t.Skipf("the program npm is not npm's own: %s, %v", npm, err)
	}
	var all [][]string
	for _, row := range pairs {
		all = append(all, []string{row.a, row.b})
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command("node", "--eval", semverSays, filepath.Dir(filepath.Dir(npm)), string(text)).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %s", err, output)
	}
	var says []bool
	if err := json.Unmarshal(output, &says); err != nil {
		t.Fatal(err)
	}
	for i, row := range pairs {
		if says[i] != row.want {
			t.Errorf("%q and %q: npm says %t, the table %t", row.a, row.b, says[i], row.want)
		}
	}
}
