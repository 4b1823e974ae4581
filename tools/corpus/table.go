package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

//go:embed apps.toml
var table string

// app is a row of apps.toml, which describes the fields.
type app struct {
	Name      string   `toml:"name"`
	Make      string   `toml:"make"`
	Manager   string   `toml:"manager"`
	Framework string   `toml:"framework"`
	Command   string   `toml:"command"`
	Root      string   `toml:"root"`
	Path      string   `toml:"path"`
	Answer    string   `toml:"answer"`
	Env       []string `toml:"env"`
	Note      string   `toml:"note"`
	CI        string   `toml:"ci"`
	Before    string   `toml:"before"`
}

// readTable parses and checks a table.
func readTable(text string) ([]app, error) {
	var file struct {
		Before string `toml:"before"`
		Apps   []app  `toml:"app"`
	}
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return nil, fmt.Errorf("reading apps.toml: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("apps.toml has fields that nothing reads: %v", unknown)
	}
	seen := map[string]bool{}
	for i := range file.Apps {
		a := &file.Apps[i]
		if a.Before == "" {
			a.Before = file.Before
		}
		if _, err := time.Parse(time.DateOnly, a.Before); err != nil {
			return nil, fmt.Errorf("apps.toml: before: %w", err)
		}
		if a.Path == "" {
			a.Path = "/"
		}
		switch {
		case a.Name == "" || seen[a.Name]:
			return nil, fmt.Errorf("app %d of apps.toml: got the name %q, want one that no other app has", i+1, a.Name)
		case a.Make == "" || a.Manager == "" || a.Answer == "":
			return nil, fmt.Errorf("apps.toml: %s lacks make, manager or answer", a.Name)
		case (a.Command == "") == (a.Root == ""):
			return nil, fmt.Errorf("apps.toml: %s wants either command, for a server, or root, for a static site", a.Name)
		}
		seen[a.Name] = true
	}
	return file.Apps, nil
}

// ci is the name for the apps that CI runs.
const ci = "ci"

// chosen returns the apps of a list of names with commas: all for "", and for [ci]
// those that CI runs.
func chosen(list string) ([]app, error) {
	all, err := readTable(table)
	if err != nil || list == "" {
		return all, err
	}
	if list == ci {
		return slices.DeleteFunc(all, func(a app) bool { return a.CI == "" }), nil
	}
	var some []app
	for _, name := range strings.Split(list, ",") {
		i := slices.IndexFunc(all, func(a app) bool { return a.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no app of apps.toml is called %q: want ci or some of %s", name, strings.Join(names(all), ","))
		}
		some = append(some, all[i])
	}
	return some, nil
}

func names(apps []app) (all []string) {
	for _, a := range apps {
		all = append(all, a.Name)
	}
	return all
}
