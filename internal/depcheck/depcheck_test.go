package depcheck_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/depcheck"
)

// The rules of this module, which docs/architecture.md describes.
var rules = []depcheck.Rule{
	{Why: "a buildpack never imports another one: what two of them share is in internal", From: "buildpacks/*", To: "buildpacks"},
	{Why: "what is shared knows none of those that use it", From: "internal", To: "buildpacks"},
	{Why: "what is shared knows none of those that use it", From: "internal", To: "platform"},
	{Why: "what is shared knows none of those that use it", From: "internal", To: "cmd"},
	{Why: "the platform works with anybody's buildpacks", From: "platform", To: "buildpacks"},
	{Why: "the platform is a library", From: "platform", To: "cmd"},
	{Why: "the platform knows no lockfile: buildpacks use layer metadata, and what must be known before a program runs is in internal/modules/preview", From: "platform", To: "internal/deps", Through: "internal/modules/preview"},
	{Why: "a graph of dependencies knows nothing of the layers that are made by it", From: "internal/deps", To: "internal/modules"},
	{Why: "native files are the same, whoever installed them", From: "internal/modules/native", To: "internal/deps/npmlock"},
	{Why: "tools make and maintain this repository, and are no part of what it ships", From: "buildpacks", To: "tools"},
	{Why: "tools make and maintain this repository, and are no part of what it ships", From: "cmd", To: "tools"},
	{Why: "tools make and maintain this repository, and are no part of what it ships", From: "internal", To: "tools"},
	{Why: "tools make and maintain this repository, and are no part of what it ships", From: "platform", To: "tools"},
	{Why: "tools make and maintain this repository, and are no part of what it ships", From: "integration", To: "tools"},
	{Why: "a program of a buildpack talks to no registry", From: "buildpacks/*/run", To: "github.com/google/go-containerregistry"},
	{Why: "a program of a buildpack talks to no engine", From: "buildpacks/*/run", To: "github.com/docker"},
	{Why: "a program at launch talks to no registry", From: "buildpacks/*/cmd", To: "github.com/google/go-containerregistry"},
}

func TestTheModuleKeepsItsRules(t *testing.T) {
	graph := read(t)
	if len(graph) < 120 {
		t.Fatalf("got %d packages, want all of the module's and those that they need", len(graph))
	}
	for _, rule := range rules {
		for _, chain := range graph.Broken(rule) {
			t.Errorf("%s:\n\t%s", rule.Why, strings.Join(chain, "\n\t-> "))
		}
	}
}

// read returns what the packages of the module import, and those of other
// modules that they need. The module's are called by their folders; the tests of
// one are a package of their own, "internal/sbom [tests]".
func read(t *testing.T) depcheck.Graph {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,TestImports,XTestImports,Standard,Module", "./...")
	cmd.Dir = "../.."
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	graph := depcheck.Graph{}
	for decoder := json.NewDecoder(bytes.NewReader(text)); decoder.More(); {
		var p struct {
			ImportPath                         string
			Imports, TestImports, XTestImports []string
			Standard                           bool
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if p.Standard {
			continue
		}
		graph[folder(p.ImportPath)] = folders(p.Imports)
		if tests := append(p.TestImports, p.XTestImports...); len(tests) > 0 {
			graph[folder(p.ImportPath)+" [tests]"] = folders(tests)
		}
	}
	return graph
}

func folder(path string) string {
	return strings.TrimPrefix(path, "github.com/armature-cnb/armature/")
}

func folders(paths []string) (all []string) {
	for _, path := range paths {
		all = append(all, folder(path))
	}
	return all
}

func TestABrokenRuleNamesTheShortestChain(t *testing.T) {
	graph := depcheck.Graph{
		"buildpacks/a":         {"internal/x", "buildpacks/a/b"},
		"buildpacks/a/b":       {"internal/y"},
		"buildpacks/a [tests]": {"buildpacks/c"},
		"buildpacks/c":         {"internal/y"},
		"buildpacks/c/run":     {"buildpacks/c", "internal/z"},
		"platform":             {"internal/seen", "internal/y"},
		"internal/seen":        {"internal/x"},
		"platform/other":       {"internal/seen"},
		"internal/x":           {"internal/y", "other/registry/remote"},
		"internal/y":           {"internal/x"},
		"internal/z":           {"tools/t"},
		"internalia":           {"tools/t"},
	}
	for _, row := range []struct {
		name              string
		from, to, through string
		want              [][]string
	}{
		{"tests count, a package of one's own does not", "buildpacks/*", "buildpacks", "", [][]string{{"buildpacks/a [tests]", "buildpacks/c"}}},
		{"the shortest way to another module", "buildpacks/*/run", "other/registry", "", [][]string{{"buildpacks/c/run", "buildpacks/c", "internal/y", "internal/x", "other/registry/remote"}}},
		{"a folder is a whole name", "internal", "tools", "", [][]string{{"internal/z", "tools/t"}}},
		{"nobody does", "internal", "buildpacks", "", nil},
		{"a way that is not the allowed one", "platform", "internal/x", "internal/seen", [][]string{{"platform", "internal/y", "internal/x"}}},
	} {
		if got := graph.Broken(depcheck.Rule{From: row.from, To: row.to, Through: row.through}); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: got %v, want %v", row.name, got, row.want)
		}
	}
}
