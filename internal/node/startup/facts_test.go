package startup

import (
	"encoding/json"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// leftOut are frameworks of the public tables that this one does not have, or not
// with the same folder.
var leftOut = map[string]string{
	"@vercel/frameworks factory-eve":            "agents for one host",
	"@vercel/frameworks solidstart":             "the folder of its server and its files",
	"@vercel/frameworks solidstart-1":           "the folder of its server and its files",
	"@vercel/frameworks scully":                 "dist has one folder more",
	"@vercel/frameworks hydrogen":               "its build is for one host",
	"@netlify/build-info hydrogen":              "its build is for one host",
	"@vercel/frameworks redwoodjs":              "its server and site are two images",
	"@netlify/build-info redwoodjs":             "its server and site are two images",
	"@vercel/frameworks dojo":                   "its builder is not kept any more",
	"@vercel/frameworks saber":                  "not kept any more",
	"@vercel/frameworks xmcp":                   "a server for programs; its start script is enough",
	"@vercel/frameworks remix":                  "public is not the whole of it",
	"@netlify/build-info remix":                 "the folder of its adapter",
	"@vercel/frameworks tanstack-start":         "its dist has no page before a server makes it",
	"@vercel/frameworks tanstack-start-lovable": "its dist has no page before a server makes it",
	"@netlify/build-info next":                  "the folder of its adapter",
	"@netlify/build-info blitz":                 "not kept any more",
	"@netlify/build-info phenomic":              "not kept any more",
	"@netlify/build-info assemble":              "not kept any more",
	"@netlify/build-info docpad":                "not kept any more",
	"@netlify/build-info harp":                  "a server of its own",
	"@netlify/build-info roots":                 "not kept any more",
	"@netlify/build-info wintersmith":           "not kept any more",
	"@netlify/build-info solid-js":              "Vite builds it",
	"@netlify/build-info tanstack-router":       "Vite builds it",
	"@netlify/build-info solid-start":           "the folder of its adapter",
	"@netlify/build-info vike":                  "its server is the app's own",
	"@netlify/build-info mastra":                "the folder of its adapter",
}

// What the public tables say of frameworks is in this table, or left out for a
// reason. `go run ./tools/frameworkfacts -update` writes the facts anew.
func TestTheTableHasTheFactsOfOthers(t *testing.T) {
	text, err := os.ReadFile("testdata/facts.json")
	if err != nil {
		t.Fatal(err)
	}
	var public struct {
		Facts []struct {
			Table, Name, Output string
			Packages            []string
		}
	}
	if err := json.Unmarshal(text, &public); err != nil || len(public.Facts) < 90 {
		t.Fatalf("got %d facts, %v", len(public.Facts), err)
	}
	used := map[string]bool{}
	for _, fact := range public.Facts {
		name := fact.Table + " " + fact.Name
		at := slices.IndexFunc(frameworks, func(row framework) bool { return share(row.Packages, fact.Packages) })
		if at >= 0 && has(frameworks[at], fact.Output) {
			continue
		}
		used[name] = true
		if _, ok := leftOut[name]; !ok {
			t.Errorf("%s (%s) builds %q: no row of frameworks.toml says so", name, strings.Join(fact.Packages, ", "), fact.Output)
		}
	}
	for name := range leftOut {
		if !used[name] {
			t.Errorf("%s is left out, although the table has it or nobody names it", name)
		}
	}
}

// has reports whether a framework's build makes a folder. One without a folder of
// files has a server, whose folder does not matter.
func has(row framework, folder string) bool {
	folder = strings.Trim(folder, "/")
	sites := 0
	for _, o := range row.Outcomes {
		for _, pattern := range o.Static {
			sites++
			if ok, _ := path.Match(pattern, folder); ok || pattern == folder+"/default" {
				return true
			}
		}
	}
	return sites == 0 || folder == "" || folder == "N/A"
}
