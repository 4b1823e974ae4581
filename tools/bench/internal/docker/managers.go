package docker

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/bench/internal/managers"
	"github.com/armature-cnb/armature/tools/internal/step"
)

// withManagers is [base] with the programs of package managers.
func withManagers(to targets.Target) string { return "bench-managers:" + to.Arch }

// programs is the folder of the programs in [withManagers].
const programs = "/opt/managers"

// LoadManagers makes the image with the programs of package managers, unless it
// exists.
func (e Engine) LoadManagers(ctx context.Context, log io.Writer, to targets.Target) error {
	parent, err := step.Output(ctx, nil, "docker", "image", "inspect", "--format", "{{.Id}}", base(to))
	if err != nil {
		return err
	}
	key, file := parent, "FROM "+base(to)+"\nUSER root\n"
	for _, m := range managers.All {
		key += " " + m.Pin
		file += fmt.Sprintf("RUN mkdir -p %[1]s/%[2]s && %[3]s --prefix %[1]s/%[2]s install --no-audit --no-fund %[4]s@%[5]s\n", programs, m.Name, npm, m.Package, m.Version)
	}
	key = strings.ReplaceAll(key, " ", ",")
	got, err := step.Output(ctx, nil, "docker", "image", "inspect", "--format", `{{index .Config.Labels "`+baseLabel+`"}}`, withManagers(to))
	if err == nil && got == key {
		return nil
	}
	dir, err := os.MkdirTemp(e.Work, "managers-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file += "LABEL " + baseLabel + "=" + key + "\n"
	return step.Do(log, "making "+withManagers(to), func() error { return e.build(ctx, to, dir, file, withManagers(to), true) })
}

// installs are the commands that install production dependencies as the lockfile
// says, by the manager's name.
var installs = map[string]string{
	"pnpm":  "install --prod --frozen-lockfile",
	"yarn1": "install --production --frozen-lockfile --non-interactive",
	"yarn4": "workspaces focus --production",
	"bun":   "install --production --frozen-lockfile",
}

// dependencies are the lines of the stage with an app's production dependencies:
// manifests before sources, and no more than the install needs.
func dependencies(kind Kind, to targets.Target, label string) string {
	m, ok := managers.Find(string(kind))
	if !ok {
		return ""
	}
	program := programs + "/" + m.Name + "/node_modules/" + m.Package + "/" + m.Program
	if m.Name != "bun" {
		program = "node " + program
	}
	return `FROM ` + withManagers(to) + ` AS dependencies
` + label + `
WORKDIR /workspace
COPY package.json ` + strings.Join(m.Files, " ") + ` ./
RUN ` + program + ` ` + installs[m.Name] + `
`
}
