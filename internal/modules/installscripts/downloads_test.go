package installscripts_test

import (
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
	"github.com/armature-cnb/armature/internal/modules/outcome"
)

func TestWhatOnlyDevelopmentNeedsIsNotDownloaded(t *testing.T) {
	const without = "with CYPRESS_INSTALL_BINARY=0, since only development needs what it downloads"
	for _, row := range []struct {
		name string
		dev  bool
		env  string
		want string // the script's value of CYPRESS_INSTALL_BINARY
		logs bool
	}{
		{"for development", true, "", "0", true},
		{"for production", false, "", "", false},
		{"with the user's variable", true, "CYPRESS_INSTALL_BINARY=13.9.0", "13.9.0", false},
		{"with an empty variable", true, "CYPRESS_INSTALL_BINARY=", "", false},
		{"with npm's setting", true, "npm_config_cypress_install_binary=13.9.0", "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := project(t, map[string]string{
				"package.json":                      `{"name":"app","devDependencies":{"cypress":"13"}}`,
				"node_modules/cypress/package.json": `{"name":"cypress","version":"13.9.0","scripts":{"postinstall":"echo \"$CYPRESS_INSTALL_BINARY\" > $ROOT/events"}}`,
			})
			tree, err := installscripts.FromGraph(dir, deps.Graph{Version: 3, Packages: []deps.Package{
				{Path: "node_modules/cypress", Name: "cypress", Version: "13.9.0", Dev: row.dev},
			}})
			if err != nil {
				t.Fatal(err)
			}
			r, log := runner(dir)
			if row.env != "" {
				r.Env = append(r.Env, row.env)
			}
			if _, err := r.Run(tree, tree.ByEvent()); err != nil {
				t.Fatal(err, log)
			}
			if got := events(t, dir); !slices.Equal(got, []string{row.want}) {
				t.Errorf("got %q, want %q", got, row.want)
			}
			if got := strings.Contains(log.String(), without); got != row.logs {
				t.Errorf("got the log %q, want %q in it: %v", log, without, row.logs)
			}
		})
	}
}

// The remedy for a host that cannot be reached names the variable of a package that is
// known.
func TestTheRemedyForADownloadNamesThePackagesVariable(t *testing.T) {
	for name, want := range map[string]string{"puppeteer": "For puppeteer that is `--env PUPPETEER_SKIP_DOWNLOAD=true`.", "other": "or to do without it"} {
		failed := installscripts.Failed{
			Package: installscripts.Package{Manifest: installscripts.Manifest{Name: name}}, Command: "node install.js",
			Outcome: outcome.Outcome{Err: exec.Command("false").Run(), Output: "Error: getaddrinfo ENOTFOUND a.example\n"},
		}
		var got *failure.Failure
		if !errors.As(failed.Failure(), &got) || got.ID != outcome.HostUnreachable || !strings.Contains(got.Remedy, want) {
			t.Errorf("%s: got %v, want %q", name, got, want)
		}
	}
}
