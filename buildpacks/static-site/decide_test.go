package staticsite_test

import (
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	staticsite "github.com/armature-cnb/armature/buildpacks/static-site"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
)

func TestTheSiteIsDecided(t *testing.T) {
	for _, row := range []struct {
		name                   string
		files                  map[string]string
		env                    string
		folder, setting, asked string
	}{
		{"a framework's folder", map[string]string{"package.json": vite, "index.html": "x"}, "", "dist", "BP_STATIC_ROOT=dist", ""},
		{"a folder that is named", map[string]string{"package.json": `{"scripts":{"build":"make"}}`}, "BP_STATIC_ROOT=public", "public", "BP_STATIC_ROOT=public", ""},
		{"the folder that is there", map[string]string{"public/index.html": "x"}, "", "public", "", ""},
		{"a folder that is not there, without a build", map[string]string{"index.html": "x"}, "BP_STATIC_ROOT=site", "site", "BP_STATIC_ROOT=site", "static-root-missing"},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFixture(t, row.files, row.env)
			var site decisions.Decision
			asked := ""
			for _, d := range staticsite.Decide(f.env)(packit.DetectContext{WorkingDir: f.app}) {
				switch d.Topic {
				case decisions.Static:
					site = d
				case decisions.Asked:
					asked = d.Name
				}
			}
			if site.Decision != row.folder || site.Setting != row.setting || asked != row.asked || site.Evidence == "" {
				t.Errorf("got %+v, asked %q", site, asked)
			}
		})
	}
}
