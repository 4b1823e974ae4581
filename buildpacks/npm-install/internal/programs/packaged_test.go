package programs_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
)

// Without a network, what an offline buildpack does not bring is an error that names
// what it brings; with a registry it is fetched.
func TestWhatTheBuildpackDoesNotBring(t *testing.T) {
	t.Parallel()
	host, err := targets.Host()
	if err != nil {
		t.Fatal(err)
	}
	release, _ := managerreleases.Known().Newest("yarn")
	packages, _ := release.For(host)
	for _, row := range []struct {
		name, spec string
		brings     texts
		id         string
		says       string
	}{
		{"another version than it brings", "yarn@4.99.0", texts{packages[0].Checksum.FileName(): "x"}, "package-manager-not-packaged", "it brings yarn " + release.Version.String()},
		{"a version of the table", "yarn@4.0.0", texts{packages[0].Checksum.FileName(): "x"}, "package-manager-not-packaged", "BP_YARN_VERSION"},
		{"another manager", "pnpm@10.999.0", texts{packages[0].Checksum.FileName(): "x"}, "package-manager-not-packaged", "it brings none of pnpm"},
		{"a buildpack that brings nothing", "yarn@4.99.0", nil, "package-manager-download-failed", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel() // it waits before it tries again
			s := newScene(t, pinning(row.spec))
			writeAll(t, filepath.Join(s.baked, "dependencies"), row.brings)
			s.registry.Close()
			_, _, err := s.get()
			var got *failure.Failure
			if !errors.As(err, &got) || got.ID != row.id || !strings.Contains(got.Error(), row.says) {
				t.Errorf("got %v, want %s with %q", err, row.id, row.says)
			}
			if got != nil && got.Transient != (row.id == "package-manager-download-failed") {
				t.Errorf("transient: %v", got.Transient)
			}
		})
	}
}
