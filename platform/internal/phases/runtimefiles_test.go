//go:build linux

package phases

import (
	"encoding/json"
	"testing"
)

func TestWhatOfAnAppCannotBeReadIsTheBuildsToSay(t *testing.T) {
	app := t.TempDir()
	write(t, app+"/package.json", "{")
	for path, want := range map[string]int{"": len(seedApp), "../elsewhere": len(seedApp), "nowhere": len(seedApp)} {
		files, err := runtimeFiles(app, func(name string) string { return path })
		if err != nil || len(files) != want || files["package.json"] != seedApp["package.json"] {
			t.Errorf("%q: got %q, %v", path, files, err)
		}
	}
	for _, tc := range []struct {
		field, value string
		want         bool
	}{
		{"packageManager", `"npm@10.0.0"`, false}, {"packageManager", `"pnpm@10.0.0"`, true}, {"packageManager", `7`, false}, {"packageManager", `""`, false},
		{"devEngines", `{"packageManager":{"name":"npm"}}`, false}, {"devEngines", `{"packageManager":{"name":"yarn"}}`, true}, {"devEngines", `[]`, true},
		{"devEngines", `{}`, false}, {"engines", `"pnpm"`, false},
	} {
		if got := namesOtherManager(tc.field, json.RawMessage(tc.value)); got != tc.want {
			t.Errorf("%s %s: got %v, want %v", tc.field, tc.value, got, tc.want)
		}
	}
}
