package appfolder_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/appfolder"
	"github.com/armature-cnb/armature/internal/failure"
)

// folder makes an app of files "name=text" and returns it with its log.
func folder(t *testing.T, env map[string]string, files ...string) (app string, f appfolder.Folder, log *bytes.Buffer) {
	t.Helper()
	app = filepath.Join(t.TempDir(), "app")
	for _, file := range files {
		name, text, _ := strings.Cut(file, "=")
		place := filepath.Join(app, name)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	log = &bytes.Buffer{}
	f, err := appfolder.Open(app, func(name string) string { return env[name] }, scribe.NewEmitter(log))
	if err != nil {
		t.Fatal(err)
	}
	return app, f, log
}

func chmod(t *testing.T, app string, modes map[string]fs.FileMode) {
	t.Helper()
	for name, mode := range modes {
		if err := os.Chmod(filepath.Join(app, name), mode); err != nil {
			t.Fatal(err)
		}
	}
}

func modeOf(t *testing.T, place string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(place)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode() &^ fs.ModeDir
}

func TestModesAreGits(t *testing.T) {
	app, f, log := folder(t, nil, "a", "b", "c", "run", "dir/d", "closed/e", "node_modules/x/index.js", "node_modules/x/bin")
	if err := os.Symlink("/etc/passwd", filepath.Join(app, "link")); err != nil {
		t.Fatal(err)
	}
	root := modeOf(t, app)
	given := map[string]fs.FileMode{"a": 0o664, "b": 0o666, "c": 0o444, "run": 0o700 | fs.ModeSetuid, "dir": 0o775 | fs.ModeSetgid, "dir/d": 0o604, "closed/e": 0o400, "node_modules/x/index.js": 0o600, "node_modules/x/bin": 0o711}
	chmod(t, app, given)
	chmod(t, app, map[string]fs.FileMode{"closed": 0o500})
	if err := f.Begin(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"a": 0o644, "b": 0o644, "c": 0o644, "run": 0o755, "dir": 0o755, "dir/d": 0o644, "closed": 0o755, "closed/e": 0o644, "node_modules/x/index.js": 0o644, "node_modules/x/bin": 0o755} {
		if got := modeOf(t, filepath.Join(app, name)); got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if got := modeOf(t, app); got != root {
		t.Errorf("the folder itself: got %v, want %v", got, root)
	}
	if said := log.String(); !strings.Contains(said, "[file-mode-opened]") || !strings.Contains(said, "closed/e") || !strings.Contains(said, "run") || strings.Contains(said, "node_modules") {
		t.Errorf("got %q", said)
	}
}

func TestACheckoutThatIsPrivateIsNoNews(t *testing.T) {
	app, f, log := folder(t, nil, "a", "b", "c")
	chmod(t, app, map[string]fs.FileMode{"a": 0o600, "b": 0o600, "c": 0o700})
	if err := f.Begin(); err != nil || log.Len() > 0 {
		t.Errorf("got %v, %q", err, log)
	}
}

func TestModesThatAreKept(t *testing.T) {
	app, f, log := folder(t, map[string]string{"BP_KEEP_FILE_MODES": "true"}, "a", "dir/b")
	chmod(t, app, map[string]fs.FileMode{"a": 0o600, "dir": 0o777})
	if err := errors.Join(f.Begin(), f.Finish()); err != nil || log.Len() > 0 {
		t.Errorf("got %v, %q", err, log)
	}
	if a, dir := modeOf(t, app+"/a"), modeOf(t, app+"/dir"); a != 0o600 || dir != 0o777 {
		t.Errorf("got %v and %v", a, dir)
	}
}

func TestGitsOwnFilesAreRemoved(t *testing.T) {
	files := []string{"a", ".git/HEAD=x", ".git/objects/aa/bb=x", "web/.git=gitdir: ../.git/modules/web", "web/b", "deep/er/.git/HEAD=x", ".gitignore=x", ".github/x", "x.git/HEAD=x"}
	app, f, log := folder(t, nil, files...)
	chmod(t, app, map[string]fs.FileMode{".git/objects/aa": 0o555})
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{".git": false, "web/.git": false, "web/b": true, "deep/er": true, "deep/er/.git": false, ".gitignore": true, ".github/x": true, "x.git/HEAD": true} {
		if _, err := os.Lstat(filepath.Join(app, name)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
	if said := log.String(); !strings.Contains(said, ".git, deep/er/.git, web/.git") || !strings.Contains(said, "BP_KEEP_GIT=true") {
		t.Errorf("got %q", said)
	}
	app, f, log = folder(t, map[string]string{"BP_KEEP_GIT": "true"}, files...)
	if err := f.Finish(); err != nil || log.Len() > 0 {
		t.Errorf("got %v, %q", err, log)
	}
	if _, err := os.Stat(app + "/.git/HEAD"); err != nil {
		t.Error(err)
	}
}

func TestWhatScriptsOpenedIsNamed(t *testing.T) {
	app, f, log := folder(t, nil, "uploads/x", "b")
	chmod(t, app, map[string]fs.FileMode{"uploads": 0o777, "b": 0o600})
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); modeOf(t, app+"/uploads") != 0o755 || modeOf(t, app+"/b") != 0o644 || !strings.Contains(said, "[file-mode-narrowed]") || !strings.Contains(said, ": uploads\n") {
		t.Errorf("got %q", said)
	}
}

func TestSecrets(t *testing.T) {
	const key = "-----BEGIN %sPRIVATE KEY-----\nx\n-----END\n"
	pem := func(kind string) string { return strings.Replace(key, "%s", kind, 1) }
	for _, tc := range []struct {
		file   string
		secret string // empty where it is none
	}{
		{".env=A=b", "variables"}, {"packages/a/.env.local=A=b", "variables"}, {".env.production=x", "variables"}, {".envrc=x", "variables"},
		{".env=", ""}, {".env.example=A=", ""}, {".env.sample=A=", ""}, {".env.production.example=A=", ""}, {"my.env.js=x", ""}, {".environment=x", ""},
		{"id_rsa=x", "private key"}, {".ssh/id_ed25519=x", "private key"}, {"id_rsa.pub=x", ""}, {"store.p12=x", "private key"}, {"a.PFX=x", "private key"},
		{"server.key=" + pem("RSA "), "private key"}, {"server.pem=-----BEGIN CERTIFICATE-----\n" + pem(""), "private key"}, {"x=" + pem("OPENSSH "), "private key"},
		{"y.asc=-----BEGIN PGP PRIVATE KEY BLOCK-----\n", "private key"}, {"z.txt=" + pem("ENCRYPTED "), "private key"},
		{"ca.pem=-----BEGIN CERTIFICATE-----\n", ""}, {"pub.pem=-----BEGIN PUBLIC KEY-----\n", ""}, {"doc.js=const k = '" + pem(""), ""},
		{"big=" + strings.Repeat("x", 20000) + "\n" + pem(""), ""},
		{".npmrc=//h.example.com/:_authToken=abc\n", "token"}, {".npmrc=registry=x\n _auth = YTpi\n", "token"}, {".npmrc=//h/:_password=\"x\"", "token"},
		{".npmrc=//h/:_authToken=${NPM_TOKEN}\n", ""}, {".npmrc=//h/:_authToken=\"${NPM_TOKEN}\"\n", ""}, {".npmrc=registry=https://h/\n//h/:always-auth=true\n", ""},
		{".yarnrc.yml=npmRegistries:\n  x:\n    npmAuthToken: abc\n", "token"},
		{"package-lock.json={\"resolved\":\"https://u:p@h/a.tgz\"}", "credentials"}, {"package.json={\"a\":\"git+https://ghp_x@github.com/o/r\"}", "credentials"},
		{"package-lock.json={\"resolved\":\"git+ssh://git@github.com/o/r.git#1\"}", ""}, {".netrc=machine x", "passwords"},
		{"node_modules/x/test.pem=" + pem(""), ""},
	} {
		name, _, _ := strings.Cut(tc.file, "=")
		app, f, log := folder(t, nil, tc.file)
		if err := f.Finish(); err != nil {
			t.Fatal(err)
		}
		said := log.String()
		if tc.secret == "" {
			if said != "" {
				t.Errorf("%.60q: got %q", tc.file, said)
			}
			continue
		}
		if !strings.Contains(said, "[secret-in-image]") || !strings.Contains(said, name+": ") || !strings.Contains(said, tc.secret) || !strings.Contains(said, ".dockerignore") || !strings.Contains(said, "exclude of project.toml") {
			t.Errorf("%.60q: got %q", tc.file, said)
		}
		if _, err := os.Stat(filepath.Join(app, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestManySecretsAndOddNames(t *testing.T) {
	files := []string{"a\x1b[31m/.env=x"}
	for _, name := range strings.Split("bcdefghijklmn", "") {
		files = append(files, name+"/.env=x")
	}
	_, f, log := folder(t, nil, files...)
	if err := f.Finish(); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); !strings.Contains(said, "and 4 more") || !strings.Contains(said, "a?[31m/.env") {
		t.Errorf("got %q", said)
	}
}

func TestSettingsThatCannotBeRead(t *testing.T) {
	for _, name := range []string{"BP_KEEP_GIT", "BP_KEEP_FILE_MODES"} {
		getenv := func(asked string) string {
			return map[bool]string{true: "perhaps"}[slices.Contains([]string{name}, asked)]
		}
		if _, err := appfolder.Open(t.TempDir(), getenv, scribe.NewEmitter(&bytes.Buffer{})); !errors.Is(err, &failure.Failure{ID: "setting-invalid"}) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
