package docker_test

import (
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/bench/internal/docker"
	"github.com/armature-cnb/armature/tools/bench/internal/managers"
)

func TestEveryStageHasTheRunsLabelAndTheTargetsBase(t *testing.T) {
	for kind, stages := range map[docker.Kind]int{docker.Plain: 2, docker.Frontend: 3} {
		file := docker.Dockerfile(kind, targets.LinuxARM64, "123")
		if got := strings.Count(file, "FROM "); got != stages {
			t.Errorf("%s: got %d stages, want %d", kind, got, stages)
		}
		if got := strings.Count(file, "LABEL bench.run=123\n"); got != stages {
			t.Errorf("%s: %d of %d stages have the label", kind, got, stages)
		}
		if strings.Contains(file, "amd64") || !strings.Contains(file, "FROM bench-run:arm64\n") {
			t.Errorf("%s: bases are not the target's:\n%s", kind, file)
		}
	}
}

// The Dockerfile of every manager installs with its program and no other, from its
// lockfile, before the sources' COPY.
func TestADockerfileInstallsWithItsManager(t *testing.T) {
	for _, m := range managers.All {
		file := docker.Dockerfile(docker.Kind(m.Name), targets.LinuxAMD64, "1")
		install, sources := strings.Index(file, m.Program+" "), strings.Index(file, "COPY . .")
		if install < 0 || sources < install || strings.Contains(file, "npm-cli.js") || !strings.Contains(file, m.Files[0]) {
			t.Errorf("%s: got\n%s", m.Name, file)
		}
		if got := strings.Count(file, "LABEL bench.run=1\n"); got != 2 {
			t.Errorf("%s: %d stages have the label, want 2", m.Name, got)
		}
	}
}

// The steps before the sources' COPY stay cached when only sources change.
func TestDependenciesComeBeforeSources(t *testing.T) {
	file := docker.Dockerfile(docker.Plain, targets.LinuxAMD64, "1")
	install, sources := strings.Index(file, "ci --omit=dev"), strings.Index(file, "COPY . .")
	if install < 0 || sources < install {
		t.Errorf("got the sources before the install:\n%s", file)
	}
}

func TestATagThatIsNotTheBenchmarksIsRefused(t *testing.T) {
	err := docker.Engine{Work: t.TempDir()}.Build(t.Context(), docker.Plain, targets.LinuxARM64, t.TempDir(), "armature/builder:arm64", true)
	if err == nil || !strings.Contains(err.Error(), "begins with bench-") {
		t.Errorf("got %v", err)
	}
}
