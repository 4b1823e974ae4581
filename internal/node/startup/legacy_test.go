package startup_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/startup"
)

func TestNeedsLegacyHashes(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "",
		`{"devDependencies":{"react-scripts":"^4.0.3"}}`:                    "react-scripts ^4.0.3",
		`{"dependencies":{"react-scripts":"5.0.1"}}`:                        "",
		`{"devDependencies":{"webpack":"~5.60.0"}}`:                         "webpack ~5.60.0",
		`{"devDependencies":{"webpack":"^5.61.0"}}`:                         "",
		`{"devDependencies":{"webpack":"5"}}`:                               "",
		`{"dependencies":{"next":"latest"}}`:                                "",
		`{"dependencies":{"next":"^11.0.1"},"devDependencies":{"umi":"3"}}`: "next ^11.0.1",
	} {
		pkg, err := packagejson.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := startup.NeedsLegacyHashes(pkg); got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
