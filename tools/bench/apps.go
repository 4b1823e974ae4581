//go:build linux

package main

import (
	"context"
	"path/filepath"

	"github.com/armature-cnb/armature/tools/bench/internal/apps"
	"github.com/armature-cnb/armature/tools/bench/internal/docker"
)

// app is an app of the benchmark.
type app struct {
	name   string     // its folder below the test apps
	made   *apps.Made // how to generate it, if it is no test app
	source string     // the file that changes
	kind   docker.Kind
	env    []string // variables of the build
	slow   int      // rounds of what is emulated
	quick  int      // rounds of everything else

	manager string // the package manager's name in the benchmark; empty for npm

	without []string // ways that are skipped because they take too long
}

var (
	express  = app{name: "express", source: "node.js", kind: docker.Plain, slow: 1, quick: 3}
	frontend = app{name: "frontend", source: "src/main.ts", kind: docker.Frontend, quick: 2, without: []string{dockerfile, emulated}}
	compiled = app{
		name: "compiled", source: "server.js", kind: docker.Compiled, slow: 1, quick: 1,
		env:     []string{"npm_config_build_from_source=true"}, // no binaries from elsewhere
		without: []string{dockerfile},
		made: &apps.Made{
			Dependencies: map[string]string{"express": "4.21.2", "bcrypt": "5.1.1"}, Before: "2025-03-01",
			Server: "const bcrypt = require('bcrypt')\n" + server("bcrypt.hashSync('Hello World!', 4)"),
		},
	}
	large = app{
		name: "large", source: "server.js", kind: docker.Plain, quick: 1, without: []string{native, dockerfile, emulated},
		made: &apps.Made{
			Dependencies: map[string]string{
				"express": "4.21.2", "react-scripts": "5.0.1", "webpack-dev-server": "4.15.2", "@nestjs/core": "10.4.15",
				"@nestjs/common": "10.4.15", "jsdom": "25.0.1", "ts-jest": "27.1.5",
			},
			Before: "2025-03-01", Server: server("'Hello World!'"),
		},
	}
)

// server is the source of an app that answers with an expression's value.
func server(answer string) string {
	return "const app = require('express')()\napp.get('/', (_request, response) => response.send(" + answer + "))\napp.listen(process.env.PORT || 3000)\n"
}

// folder returns the folder of an app's original, and generates it if needed.
func (b *bench) folder(ctx context.Context, a app) (string, error) {
	if a.manager != "" {
		return b.managed(ctx, a)
	}
	if a.made == nil {
		return filepath.Join(b.apps, a.name), nil
	}
	dir := filepath.Join(b.work, "made", a.name)
	return dir, a.made.Make(ctx, dir, b.node)
}

// copy makes a copy of an app for one way of one scenario.
func (b *bench) copy(ctx context.Context, a app, name string) (*apps.App, error) {
	from, err := b.folder(ctx, a)
	if err != nil {
		return nil, err
	}
	return apps.Copy(from, filepath.Join(b.work, "apps", name), a.source, b.node)
}
