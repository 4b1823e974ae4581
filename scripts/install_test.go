package scripts_test

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/internal/testing/tier"
)

const modulePath = "github.com/armature-cnb/armature"

// proxy is a module proxy that has this checkout as a version of the module, as
// `git tag` would make it (Go Modules Reference, "Serving modules directly from a
// proxy").
func proxy(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	at := filepath.Join(dir, modulePath, "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(at, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	archive := zip.NewWriter(file)
	for _, path := range moduleFiles(t) {
		addFile(t, archive, version, path)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{version + ".mod": string(text), version + ".info": fmt.Sprintf(`{"Version":%q}`, version), "list": version + "\n"} {
		if err := os.WriteFile(filepath.Join(at, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// moduleFiles are the files of the checkout, from its root, but for those of the
// modules below it.
func moduleFiles(t *testing.T) (files []string) {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard")
	cmd.Dir = ".."
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var below []string
	for path := range strings.Lines(string(text)) {
		path = strings.TrimSpace(path)
		if folder, found := strings.CutSuffix(path, "/go.mod"); found {
			below = append(below, folder+"/")
		}
		files = append(files, path)
	}
	left := files[:0]
	for _, path := range files {
		info, err := os.Lstat(filepath.Join("..", path))
		other := err != nil || !info.Mode().IsRegular()
		for _, folder := range below {
			other = other || strings.HasPrefix(path, folder)
		}
		if !other {
			left = append(left, path)
		}
	}
	return left
}

func addFile(t *testing.T, archive *zip.Writer, version, path string) {
	t.Helper()
	to, err := archive.Create(modulePath + "@" + version + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	from, err := os.Open(filepath.Join("..", path))
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
}

// A go.mod with a replace cannot be installed from.
func TestArmatureIsInstalledByItsPath(t *testing.T) {
	tier.Beyond(t, "compiling armature from a module proxy")
	text, err := exec.Command("go", "env", "GOPROXY", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	before, cache, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	version := fmt.Sprintf("v0.0.1-test.%d", time.Now().UnixNano()) // which no cache has
	t.Cleanup(func() {
		os.RemoveAll(filepath.Join(cache, modulePath+"@"+version))
		os.RemoveAll(filepath.Join(cache, "cache/download", modulePath))
	})
	bin := t.TempDir()
	cmd := exec.Command("go", "install", "-modcacherw", modulePath+"/cmd/armature@"+version)
	cmd.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=", "CGO_ENABLED=0", "GONOSUMDB="+modulePath,
		"GOPROXY=file://"+proxy(t, version)+","+before)
	cmd.Dir = t.TempDir()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(filepath.Join(bin, "armature"), "help").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "armature build") {
		t.Errorf("got %s, %v", out, err)
	}
}
