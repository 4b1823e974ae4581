package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/files/tree"
)

// packages lists public packages, one a line, each with some of its versions.
//
//go:embed packages.txt
var packages string

// drawn is a package in a version.
type drawn struct{ name, version string }

// project is a random project, and one way to install it.
type project struct {
	manifest, workspace map[string]any // package.json files; the workspace may be nil
	plain               bool           // the lockfile has no addresses
	cpu, omit           string
}

// draw draws the project of a number: the same one for a seed, whatever was drawn
// before.
func draw(seed, number uint64) project {
	random := rand.New(rand.NewPCG(seed, number))
	lines := strings.Split(strings.TrimSpace(packages), "\n")
	pick := func() drawn {
		fields := strings.Fields(lines[random.IntN(len(lines))])
		return drawn{fields[0], fields[1+random.IntN(len(fields)-1)]}
	}
	root := map[string]any{"name": "random", "version": "1.0.0"}
	p := project{manifest: root, plain: random.IntN(2) == 0, cpu: []string{"x64", "arm64"}[random.IntN(2)], omit: []string{"", "dev"}[random.IntN(2)]}
	into := []map[string]any{root}
	if random.IntN(4) == 0 {
		p.workspace = map[string]any{"name": "@random/work", "version": "0.0.1", "bin": map[string]any{"work": "work.js"}}
		root["workspaces"] = []string{"packages/*"}
		into = append(into, p.workspace)
	}
	for _, manifest := range into {
		used := map[string]bool{}
		for range sizes[random.IntN(len(sizes))] {
			kind, one := kindOf(random.IntN(20)), pick()
			name, spec := one.name, one.version
			switch random.IntN(12) {
			case 0:
				name, spec = "alias-"+one.name[strings.LastIndex(one.name, "/")+1:], "npm:"+one.name+"@"+one.version
			case 1, 2, 3:
				spec = "^" + spec
			}
			if used[name] {
				continue
			}
			used[name] = true
			if manifest[kind] == nil {
				manifest[kind] = map[string]string{}
			}
			manifest[kind].(map[string]string)[name] = spec
		}
	}
	return p
}

// sizes are how many dependencies package.json files have.
var sizes = []int{1, 1, 1, 2, 2, 2, 3, 3, 4, 6}

// kindOf returns the kind of dependencies for a number below 20.
func kindOf(number int) string {
	switch {
	case number < 5:
		return "devDependencies"
	case number < 6:
		return "optionalDependencies"
	}
	return "dependencies"
}

// write writes the project into an empty folder.
func (p project) write(dir string) error {
	files := map[string]map[string]any{"package.json": p.manifest}
	if p.workspace != nil {
		files["packages/work/package.json"] = p.workspace
	}
	for name, manifest := range files {
		text, err := json.MarshalIndent(manifest, "", "  ")
		if err != nil {
			return err
		}
		place := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o755), os.WriteFile(place, text, 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// random compares projects, from a number on, until as many lockfiles as are
// wanted are compared.
func (c *comparison) random(ctx context.Context, seed, from uint64, count int) error {
	dir, unmade := filepath.Join(c.work, "app"), 0
	for number := from; count > 0; number++ {
		p := draw(seed, number)
		if err := errors.Join(tree.Remove(dir), p.write(dir)); err != nil {
			return err
		}
		title := fmt.Sprintf("random %d/%d plain=%t %s omit=%q", seed, number, p.plain, p.cpu, p.omit)
		args := []string{"install", "--package-lock-only", "--prefer-offline"} // metadata of earlier projects serves again
		if p.plain {
			args = append(args, "--omit-lockfile-registry-resolved")
		}
		if output, err := c.npmRun(ctx, dir, args...); err != nil {
			if unmade++; unmade > 5+count || ctx.Err() != nil {
				return fmt.Errorf("npm makes no lockfile of %d projects: %w\n%s", unmade, err, output)
			}
			fmt.Fprintf(c.log, "%s: npm makes no lockfile: %s\n", title, code(output))
			continue
		}
		if err := c.one(ctx, dir, title, p.cpu, p.omit); err != nil {
			return err
		}
		count--
	}
	return tree.Remove(dir)
}

// code returns the code of npm's error, or its output.
func code(output string) string {
	lines := strings.Split(output, "\n")
	if i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "npm error code ") }); i >= 0 {
		return strings.TrimPrefix(lines[i], "npm error code ")
	}
	return strings.TrimSpace(output)
}
