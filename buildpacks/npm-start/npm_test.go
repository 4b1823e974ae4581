package npmstart_test

import (
	"testing"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
)

func TestCallsNPM(t *testing.T) {
	for _, tc := range []struct{ script, want string }{
		{"npm run serve", "npm"},
		{"npx serve", "npx"},
		{"node a.js && npm run b", "npm"},
		{"PORT=1 npm start", "npm"},
		{"(npm ci)", "npm"},
		{"/usr/bin/npm start", "npm"},
		{"dumb-init -- npm run x", "npm"},
		{"sh -c 'npx x'", "npx"},
		{"node npm.js", ""},
		{"node node_modules/npm-run-all/bin", ""},
		{"run-s a b", ""},
		{"node --title=npm", ""},
		{"pnpm start", ""},
		{"", ""},
	} {
		got, calls := npmstart.CallsNPM(tc.script)
		if got != tc.want || calls != (tc.want != "") {
			t.Errorf("%q: got %q, %v, want %q", tc.script, got, calls, tc.want)
		}
	}
}
