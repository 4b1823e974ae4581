package installscripts_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/installscripts"
)

// project writes files, by their paths, into a folder. A name that ends with @ is a
// link to the path that is its text.
func project(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range files {
		place := filepath.Join(dir, strings.TrimSuffix(path, "@"))
		write := func() error { return os.WriteFile(place, []byte(text), 0o644) }
		if strings.HasSuffix(path, "@") {
			write = func() error { return os.Symlink(text, place) }
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o755), write()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// logging is a package.json whose scripts append their event and the package's name
// to the file events of the project.
func logging(name string, more string, events ...string) string {
	var scripts []string
	for _, event := range events {
		scripts = append(scripts, `"`+event+`":"echo $npm_lifecycle_event $npm_package_name >> $ROOT/events"`)
	}
	return `{"name":"` + name + `","version":"1.0.0","scripts":{` + strings.Join(scripts, ",") + `}` + more + `}`
}

func runner(dir string) (installscripts.Runner, *bytes.Buffer) {
	log := &bytes.Buffer{}
	return installscripts.Runner{
		Env:    environ.List{"PATH=" + os.Getenv("PATH"), "ROOT=" + dir},
		Target: targets.LinuxAMD64, Host: targets.LinuxAMD64, Log: scribe.NewEmitter(log), Foreground: true,
		Preparing: func(run func() error) error { return run() },
	}, log
}

func events(t *testing.T, dir string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "events"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

var all = []string{"preinstall", "install", "postinstall", "prepare"}

var installed = map[string]string{
	"package.json":                               logging("app", "", append(all, "prepublish", "preprepare", "postprepare")...),
	"node_modules/b/package.json":                logging("b", "", all...),
	"node_modules/a/package.json":                logging("a", `,"dependencies":{"b":"1","c":"1"}`, all...),
	"node_modules/a/node_modules/c/package.json": logging("c", "", all...),
	"packages/w/package.json":                    logging("w", "", append(all, "postprepare")...),
	"node_modules/w@":                            "../packages/w",
}

var graph = deps.Graph{Version: 3, Packages: []deps.Package{
	{Path: "node_modules/a", Name: "a", Version: "1.0.0", Dependencies: map[string]string{"b": "1", "c": "1"}},
	{Path: "node_modules/a/node_modules/c", Name: "c", Version: "1.0.0"},
	{Path: "node_modules/b", Name: "b", Version: "1.0.0"},
	{Path: "node_modules/not-installed", Name: "not-installed"},
	{Path: "node_modules/w", Name: "w", Link: true, To: "packages/w"},
	{Path: "packages/w", Name: "w"},
}}

func TestOrders(t *testing.T) {
	byEvent := []string{"preinstall a", "preinstall b", "preinstall c", "install a", "install b", "install c", "postinstall a", "postinstall b", "postinstall c",
		"preinstall w", "prepare w", "install w", "postinstall w"}
	byPackage := []string{"preinstall c", "install c", "postinstall c", "preinstall b", "install b", "postinstall b", "preinstall a", "install a", "postinstall a",
		"preinstall w", "install w", "postinstall w", "prepare w"}
	for _, row := range []struct {
		name string
		tree func(dir string) (installscripts.Tree, error)
		plan func(installscripts.Tree) installscripts.Plan
		want []string
	}{
		{"events of a graph", func(dir string) (installscripts.Tree, error) { return installscripts.FromGraph(dir, graph) }, installscripts.Tree.ByEvent, byEvent},
		{"events of a folder", scan, installscripts.Tree.ByEvent, byEvent},
		{"packages of a graph", func(dir string) (installscripts.Tree, error) { return installscripts.FromGraph(dir, graph) }, installscripts.Tree.ByPackage, byPackage},
		{"packages of a folder", scan, installscripts.Tree.ByPackage, byPackage},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := project(t, installed)
			tree, err := row.tree(dir)
			if err != nil {
				t.Fatal(err)
			}
			r, log := runner(dir)
			if _, err := r.Run(tree, row.plan(tree)); err != nil {
				t.Fatal(err, log)
			}
			if got := events(t, dir); !slices.Equal(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestTheProjectRunsWhatIsAskedFor(t *testing.T) {
	dir := project(t, installed)
	tree, err := installscripts.Scan(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := runner(dir)
	if err := r.RunProject(tree, "postinstall", "prepublish", "none", "preinstall"); err != nil {
		t.Fatal(err)
	}
	if got, want := events(t, dir), []string{"postinstall app", "prepublish app", "preinstall app"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnInstallForTheLaunchPreparesNothing(t *testing.T) {
	dir := project(t, installed)
	tree, err := installscripts.Scan(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := runner(dir)
	r.Preparing = nil
	if _, err := r.Run(tree, tree.ByPackage()); err != nil {
		t.Fatal(err)
	}
	if err := r.RunProject(tree, "install", "prepublish", "preprepare", "prepare", "postprepare"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(events(t, dir), " "); strings.Contains(got, "prep") || !strings.HasSuffix(got, "install app") {
		t.Errorf("got %q", got)
	}
}

func TestAFailureNamesTheScript(t *testing.T) {
	dir := project(t, map[string]string{"node_modules/@s/a/package.json": `{"name":"x","scripts":{"install":"echo why; exit 3"}}`})
	tree, err := installscripts.Scan(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := runner(dir)
	_, err = r.Run(tree, tree.ByEvent())
	var f *failure.Failure
	want := "the script install of the package @s/a, `echo why; exit 3`, ended with the exit status 3: why"
	if !errors.As(err, &f) || f.ID != "package-script-failed" || f.Cause != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAnAbandonedPackageNamesItsSuccessor(t *testing.T) {
	dir := project(t, map[string]string{"node_modules/node-sass/package.json": `{"name":"node-sass","scripts":{"postinstall":"echo gyp ERR! find Python; exit 1"}}`})
	tree, err := installscripts.Scan(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := runner(dir)
	_, err = r.Run(tree, tree.ByEvent())
	var f *failure.Failure
	if !errors.As(err, &f) || f.ID != "package-abandoned" || !strings.Contains(f.Cause, "the package node-sass") || !strings.Contains(f.Remedy, "npm install --save-dev sass") {
		t.Errorf("got %v", err)
	}
}

func TestAFailedOptionalPackageIsLeftOut(t *testing.T) {
	manifest := func(name string) string { return `{"name":"` + name + `"}` }
	fails := `{"name":"canvas","scripts":{"install":"exit 1"}}`
	onCanvas := map[string]string{"canvas": "1"}
	canvas := deps.Package{Path: "node_modules/canvas", Name: "canvas", Version: "1.0.0", Optional: true}
	for _, row := range []struct {
		name     string
		app      string // fields of package.json
		packages []deps.Package
		want     []string // that are removed
	}{
		{"alone", `,"optionalDependencies":{"canvas":"1"}`, []deps.Package{canvas}, []string{"node_modules/canvas"}},
		{"with an optional package that needs it, and what only that needs", `,"dependencies":{"c":"1"},"optionalDependencies":{"a":"1"}`, []deps.Package{
			{Path: "node_modules/a", Name: "a", Version: "1.0.0", Optional: true, Dependencies: map[string]string{"canvas": "1", "b": "1", "c": "1"}},
			{Path: "node_modules/b", Name: "b", Version: "1.0.0", Optional: true}, {Path: "node_modules/c", Name: "c", Version: "1.0.0"}, canvas,
		}, []string{"node_modules/a", "node_modules/b", "node_modules/canvas"}},
		{"that is a peer of a package, with legacy-peer-deps", `,"dependencies":{"a":"1"},"optionalDependencies":{"canvas":"1"}`, []deps.Package{
			{Path: "node_modules/a", Name: "a", Version: "1.0.0", PeerDeps: onCanvas}, canvas,
		}, []string{"node_modules/canvas"}},
		{"that is a peer of the project", `,"dependencies":{"a":"1"},"peerDependencies":{"canvas":"1"},"optionalDependencies":{"b":"1"}`, []deps.Package{
			{Path: "node_modules/a", Name: "a", Version: "1.0.0"}, {Path: "node_modules/b", Name: "b", Version: "1.0.0", Optional: true, Dependencies: onCanvas}, canvas,
		}, []string{"node_modules/b", "node_modules/canvas"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			files := map[string]string{"package.json": `{"name":"app"` + row.app + `}`}
			for _, p := range row.packages {
				files[p.Path+"/package.json"] = manifest(p.Name)
			}
			files["node_modules/canvas/package.json"] = fails
			slices.SortFunc(row.packages, func(a, b deps.Package) int { return strings.Compare(a.Path, b.Path) })
			dir := project(t, files)
			tree, err := installscripts.FromGraph(dir, deps.Graph{Version: 3, Packages: row.packages})
			if err != nil {
				t.Fatal(err)
			}
			r, log := runner(dir)
			r.Tolerant = true
			removed, err := r.Run(tree, tree.ByEvent())
			if err != nil || !slices.Equal(removed, row.want) {
				t.Errorf("got %q, %v, want %q\n%s", removed, err, row.want, log)
			}
			for _, p := range row.packages {
				if _, err := os.Stat(filepath.Join(dir, p.Path)); (err != nil) != slices.Contains(row.want, p.Path) {
					t.Errorf("%s: got %v", p.Path, err)
				}
			}
		})
	}
}
func scan(dir string) (installscripts.Tree, error) { return installscripts.Scan(dir) }
