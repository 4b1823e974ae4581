//go:build linux

package phases

import (
	"encoding/json"
	"testing"
)

// Of an app's scripts only those that start it may be known where its Node.js is
// made, and the seed's without any.
func TestWhatStartsAnAppIsKnownWhereItsNodeIsMade(t *testing.T) {
	for _, tc := range []struct{ scripts, chosen, want string }{
		{`{"start":"node a.js","build":"x"}`, "", `{"start":"node a.js"}`},
		{`{"start":"node a.js","prestart":"b","poststart":"c","preserve":"d"}`, "", `{"poststart":"c","prestart":"b","start":"node a.js"}`},
		{`{"start":"node a.js","serve":"x","preserve":"y"}`, "serve", `{"preserve":"y","serve":"x","start":"node a.js"}`},
		{`{"build":"x","pre":"y","":"z"}`, "", `{"start":"node server.js"}`},
		{`{"start":7}`, "", `{"start":"node server.js"}`},
		{`7`, "start", `{"start":"node server.js"}`},
	} {
		app := t.TempDir()
		write(t, app+"/package.json", `{"name":"x","engines":{"node":"24"},"scripts":`+tc.scripts+`}`)
		write(t, app+"/.nvmrc", "24")
		files, err := runtimeFiles(app, func(name string) string { return map[string]string{"BP_NPM_START_SCRIPT": tc.chosen}[name] })
		var kept map[string]json.RawMessage
		if err != nil || json.Unmarshal([]byte(files["package.json"]), &kept) != nil || string(kept["scripts"]) != tc.want || string(kept["engines"]) != `{"node":"24"}` || string(kept["name"]) != `"seed"` || files[".nvmrc"] != "24" {
			t.Errorf("%s: got %q, %v, want %s", tc.scripts, files, err, tc.want)
		}
	}
}

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
