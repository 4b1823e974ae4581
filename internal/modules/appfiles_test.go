package modules

import (
	"testing"
)

func TestOnlyCompiles(t *testing.T) {
	for _, row := range []struct {
		script string
		want   bool
	}{
		{"node-gyp rebuild", true},
		{"node-gyp-build", true},
		{"node-gyp-build --release", true},
		{"prebuild-install || node-gyp rebuild --release", true},
		{"prebuild-install --runtime napi || exit 0", true},
		{"node-pre-gyp install --fallback-to-build", true},
		{"node-gyp configure build -- -Dflag=1 && true", true},
		{"node-gyp rebuild ; node gen.js", false},
		{"node install.js", false},
		{`node-gyp-build "npm run make"`, false},
		{"node-gyp-build other", false},
		{"node-gyp rebuild > $INIT_CWD/log", false},
		{"node-gyp rebuild | tee log", false},
		{"node-gyp rebuild & node gen.js", false},
		{"node-gyp rebuild $(node gen.js)", false},
		{"node-gyp rebuild `node gen.js`", false},
		{"node-gyp rebuild\nnode gen.js", false},
		{"node-gyp-extra rebuild", false},
		{"echo node-gyp rebuild", false},
	} {
		t.Run(row.script, func(t *testing.T) {
			if got := onlyCompiles(row.script); got != row.want {
				t.Errorf("got %t, want %t", got, row.want)
			}
		})
	}
}
