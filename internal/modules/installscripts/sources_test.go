package installscripts_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/modules/installscripts"
)

func TestCommandsThatOnlyPrepareSources(t *testing.T) {
	for command, want := range map[string]bool{
		"nuxt prepare":                       true,
		" npx nuxi prepare ":                 true,
		"nuxt prepare apps/web":              true,
		"svelte-kit sync || echo ''":         true,
		"astro sync || true":                 true,
		"husky && nuxt prepare":              true,
		"nuxt build":                         false,
		"nuxt prepare && prisma generate":    false,
		"nuxt prepare; node make.js":         false,
		"patch-package":                      false,
		"nuxt prepare || node fallback.js":   false,
		"echo nuxt prepare":                  false,
		"nuxt prepare > log":                 false,
		"nuxt prepare $(node make.js)":       false,
		"":                                   false,
		"astro sync || echo $(node make.js)": false,
	} {
		if got := installscripts.OnlyForSources(command); got != want {
			t.Errorf("%q: got %v, want %v", command, got, want)
		}
	}
}
