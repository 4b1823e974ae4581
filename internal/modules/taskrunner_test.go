package modules

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/settings"
)

// turborepo is the monorepo with Turborepo.
func turborepo(t *testing.T) *scene {
	s := monorepo(t)
	s.source["package.json"] = `{"name":"root","packageManager":"fake@1.0.0","workspaces":["packages/*"],"devDependencies":{"tool":"1","turbo":"2"}}`
	s.source["turbo.json"] = `{"tasks":{"build":{"dependsOn":["^build"]}}}`
	return s
}

func TestATaskRunnerBuildsAWorkspaceAndKeepsWhatItMade(t *testing.T) {
	s := turborepo(t)
	s.run = func(Script) error {
		if _, err := os.Stat(s.in(TaskCache, "turbo/x")); err == nil {
			s.calls = append(s.calls, "found what it made before")
		}
		err := writeFiles(s.layersDir, files{TaskCache + "/turbo/x": "1"})
		if err != nil {
			return err
		}
		return writeFiles(s.app, files{".turbo/cookies/1": "", "packages/api/.turbo/turbo-build.log": "took 1 s", "packages/lib/.turbo/turbo-build.log": "took 1 s"})
	}
	const call = "run turbo run build --filter=api --env-mode=loose"
	target := host(t).String()
	s.built(forLaunch)
	s.called("install build "+target+" packages/lib packages/api", call, "install launch "+target+" packages/lib packages/api", "prune")
	if layer := s.layers[TaskCache]; !layer.Cache || layer.Launch || layer.Build {
		t.Errorf("got %+v, want a layer for the next build alone", layer)
	}
	if left, err := filepath.Glob(filepath.Join(s.app, "*/*/.turbo")); err != nil || len(left) > 0 {
		t.Errorf("left in the app: %q, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(s.app, ".turbo")); err == nil {
		t.Error("left in the app: .turbo")
	}
	s.built(forLaunch)
	s.called(call, "found what it made before")

	s.key.Versions = []string{"2"} // of Node.js
	s.built(forLaunch)
	if slices.Contains(s.calls, "found what it made before") {
		t.Errorf("got %q, want no result of another Node.js", s.calls)
	}
}

func TestScriptsThatATaskRunnerDoesNotRun(t *testing.T) {
	for name, change := range map[string]func(s *scene){
		"named by the user": func(s *scene) { s.env = s.env.With(settings.RunScripts, "build") },
		"without an order":  func(s *scene) { s.source["turbo.json"] = `{"tasks":{"build":{}}}` },
		"in a root without a manager": func(s *scene) {
			s.source["package.json"] = `{"name":"root","workspaces":["packages/*"],"devDependencies":{"tool":"1","turbo":"2"}}`
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := turborepo(t)
			change(s)
			s.built(forLaunch)
			target := host(t).String()
			s.called("install build "+target+" packages/lib packages/api", "run build of packages/lib", "run build of packages/api",
				"install launch "+target+" packages/lib packages/api", "prune")
		})
	}
}

// The remedy of a failure has a call that works on the developer's machine.
func TestADevelopersCallOfAScript(t *testing.T) {
	plain, program := Script{Name: "build"}, Script{Name: "turbo", Args: []string{"run", "build"}}
	for want, got := range map[string]string{
		"npm run build": plain.Call("npm run", "npm exec --"), "yarn run build": plain.Call("yarn run", "yarn run"),
		"npm exec -- turbo run build": program.Call("npm run", "npm exec --"), "pnpm exec turbo run build": program.Call("pnpm run", "pnpm exec"),
		"yarn run turbo run build": program.Call("yarn run", "yarn run"), "bun run turbo run build": program.Call("bun run", "bun run"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
