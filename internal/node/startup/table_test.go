package startup

import (
	"path/filepath"
	"regexp"
	"testing"
)

// Every row of the table can be used.
func TestTheTable(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range frameworks {
		if row.Name == "" || seen[row.Name] || len(row.Packages) == 0 || len(row.Outcomes) == 0 {
			t.Errorf("%q is there twice, or has no name, packages or outcomes", row.Name)
		}
		seen[row.Name] = true
		for i, o := range row.Outcomes {
			results := 0
			for _, there := range []bool{len(o.Entries) > 0, o.Start != "", len(o.Static) > 0, o.None != ""} {
				if there {
					results++
				}
			}
			if results != 1 {
				t.Errorf("%s: outcome %d has %d results, want one", row.Name, i+1, results)
			}
			if o.File == "" && (o.Has != "" || o.Hasnt != "") || o.Config == "" && (o.RootKey != "" || o.FallbackKey != "" || o.Star != "") {
				t.Errorf("%s: outcome %d has a condition or a key without its file", row.Name, i+1)
			}
			for _, pattern := range []string{o.Has, o.Hasnt, o.Script, o.HashedNames, o.Star} {
				if _, err := regexp.Compile(pattern); err != nil {
					t.Errorf("%s: %v", row.Name, err)
				}
			}
			for _, list := range [][]string{row.Files, o.Entries, o.Static, {o.File, o.Config}} {
				for _, pattern := range list {
					if _, err := filepath.Match(pattern, ""); err != nil || filepath.IsAbs(pattern) {
						t.Errorf("%s: %q: %v", row.Name, pattern, err)
					}
				}
			}
		}
		last := row.Outcomes[len(row.Outcomes)-1]
		if (last.Depends != nil || last.Lacks != nil || last.Major > 0 || last.Script != "") && len(row.Outcomes) == 1 {
			t.Errorf("%s: no outcome without a condition", row.Name)
		}
	}
	for name, known := range programs {
		if known.Develops != nil && known.DevelopsUnless != nil || known.Ends != nil && known.EndsUnless != nil {
			t.Errorf("%s: says both when and unless", name)
		}
	}
}
