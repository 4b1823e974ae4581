package installscripts_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/modules/outcome"
)

// What helps depends on the manager: which of the project's scripts run without
// devDependencies, and whether a package finds the dependencies of the project.
func TestTheRemedyForSomethingMissingIsTheManagers(t *testing.T) {
	of := func(path string) installscripts.Package {
		return installscripts.Package{Package: deps.Package{Path: path}}
	}
	for _, row := range []struct {
		name  string
		of    installscripts.Package
		event string
		terms installscripts.Terms
		want  string
		not   string
	}{
		{"npm, the project", of(""), "postinstall", installscripts.Terms{}, "make the package that has it a dependency (`npm install PACKAGE`), or let the script do nothing", "to devDependencies"},
		{"npm, preparing", of(""), "prepare", installscripts.Terms{}, "add the package that has it to devDependencies (`npm install --save-dev PACKAGE`)", "for production"},
		{"npm, a package", of("node_modules/a"), "postinstall", installscripts.Terms{}, "a dependency of the app (`npm install PACKAGE`)", "|| true"},
		{"pnpm, the project", of(""), "postinstall", installscripts.PNPM, "to devDependencies (`pnpm add --save-dev PACKAGE`)", "for production"},
		{"pnpm, a package", of("node_modules/a"), "postinstall", installscripts.PNPM, "with packageExtensions in pnpm-workspace.yaml", "pnpm add"},
		{"Yarn 1, a package", of("node_modules/a"), "postinstall", installscripts.YarnClassic, "(`yarn add PACKAGE`)", "packageExtensions"},
		{"Yarn 4, a package", of("node_modules/a"), "postinstall", installscripts.Yarn, "with packageExtensions in .yarnrc.yml", "yarn add"},
		{"Yarn 4, the project", of(""), "postinstall", installscripts.Yarn, "(`yarn add --dev PACKAGE`)", "for production"},
		{"Bun, the project", of(""), "prepare", installscripts.Bun, "(`bun add --dev PACKAGE`)", "for production"},
		{"Bun, a package", of("node_modules/a"), "postinstall", installscripts.Bun, "(`bun add PACKAGE`)", "packageExtensions"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := exec.Command("sh", "-c", "exit 127").Run()
			failed := installscripts.Failed{Package: row.of, Event: row.event, Command: "tsc", Terms: row.terms, Outcome: outcome.Outcome{Err: err, Output: "sh: 1: tsc: not found\n"}}
			var got *failure.Failure
			if !errors.As(failed.Failure(), &got) || !strings.Contains(got.Remedy, row.want) || strings.Contains(got.Remedy, row.not) {
				t.Errorf("got %v, want %q and not %q", got, row.want, row.not)
			}
		})
	}
}
