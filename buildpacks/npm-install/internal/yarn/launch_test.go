package yarn

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// Another buildpack may call Yarn at launch, too: then the app keeps Yarn's file.
func TestYarnAtLaunch(t *testing.T) {
	node := tier.Program(t, "node")
	for _, row := range []struct {
		name             string
		app, plan, wants bool
	}{{"nobody", false, false, false}, {"the app", true, false, true}, {"a buildpack", false, true, true}} {
		t.Run(row.name, func(t *testing.T) {
			m, err := inspected(t, "4.18.1", files{
				"package.json": `{"name":"app","dependencies":{"a":"^1.0.0"}}`, "yarn.lock": berryLock,
				".yarnrc.yml": "yarnPath: .yarn/releases/yarn-4.18.1.cjs\n", ".yarn/releases/yarn-4.18.1.cjs": `console.log("4.18.1")`,
			})
			if err != nil {
				t.Fatal(err)
			}
			m.env = m.env.With("PATH", filepath.Dir(node)+":"+os.Getenv("PATH")).With("CNB_TARGET_OS", "linux").With("CNB_TARGET_ARCH", "arm64")
			dir := m.project.Dir
			if m.request, err = programs.Choose(m.env, managerchoice.Place{App: dir, Root: dir, Dir: dir}, managerchoice.Choice{Manager: packagemanager.Yarn}); err != nil {
				t.Fatal(err)
			}
			context := packit.BuildContext{Layers: packit.Layers{Path: t.TempDir()}, Plan: packit.BuildpackPlan{Entries: []packit.BuildpackPlanEntry{
				{Name: packagemanager.Yarn, Metadata: map[string]any{"launch": row.plan}},
			}}}
			if _, err := m.Prepare(context, nil, row.app); err != nil || m.atLaunch != row.wants {
				t.Errorf("got %t, %v, want %t", m.atLaunch, err, row.wants)
			}
		})
	}
}
