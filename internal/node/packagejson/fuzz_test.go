package packagejson_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// FuzzParse looks for a package.json that ends the program, when it is read or
// asked.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"name":"a","scripts":{"start":"node server.js","build":"x"},"engines":{"node":">=20"},"workspaces":["a/*"]}`,
		`{"devEngines":{"runtime":[{"name":"node","version":"24"}],"packageManager":{"name":"npm"}},"workspaces":{"packages":["x"]}}`,
		`{"scripts":null,"engines":[],"main":1}`, `null`, `[]`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := packagejson.Parse(text)
		if err != nil {
			return
		}
		p.ScriptNames()
		p.DescribeScripts()
		for _, chosen := range []string{"", "build"} {
			p.StartScript(chosen)
		}
	})
}
