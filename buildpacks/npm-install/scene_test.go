package npminstall_test

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
	"github.com/armature-cnb/armature/internal/environ"
)

// scene is an app that is about to fail.
type scene struct {
	t    *testing.T
	app  string
	npms *registry
	env  environ.List
}

// answers lets every request be answered with a status.
func (s *scene) answers(status int) {
	s.npms.answers(func(w http.ResponseWriter, r *http.Request) bool {
		http.Error(w, `{"error":"`+strings.ToLower(http.StatusText(status))+`"}`, status)
		return true
	})
}

func (s *scene) write(contents files) { writeFiles(s.t, s.app, contents) }

const onWord = `{"name":"app","version":"1.0.0","dependencies":{"word":"1.0.0"}}`

// withScript publishes a package that runs a script when it is installed.
func (s *scene) withScript(script string, extra files) {
	s.npms.publish("scripted", "1.0.0", map[string]any{"hasInstallScript": true, "scripts": map[string]string{"install": script}}, extra)
	s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"scripted":"1.0.0"},"allowScripts":{"scripted":true}}`})
}

// elsewhere is an address on this machine that is not the registry's host, where
// a handler answers, or nobody does.
func elsewhere(t *testing.T, handler http.Handler) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("there is no second address on this machine: %s", err)
	}
	if handler == nil {
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		return listener.Addr().String()
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(server.Close)
	return listener.Addr().String()
}

// npmThat lets `npm install` do something else.
func (s *scene) npmThat(does string) {
	dir := s.t.TempDir()
	script := fmt.Sprintf("#!/bin/sh\nif [ \"$1\" = install ]; then %s; fi\nexec %s \"$@\"\n", does, find(s.t, s.env, "npm"))
	if err := os.WriteFile(filepath.Join(dir, "npm"), []byte(script), 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.env = s.env.With("PATH", dir+":"+s.env.Get("PATH"))
}

// needNPMFrom skips what older majors of npm do not do.
func needNPMFrom(t *testing.T, env environ.List, major int) {
	t.Helper()
	cmd := exec.Command(find(t, env, "npm"), "--version")
	cmd.Env = env
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(output), ".")
	if got, err := strconv.Atoi(text); err != nil || got < major {
		t.Skipf("npm is %s, and only npm %d and later do this", strings.TrimSpace(string(output)), major)
	}
}

func (s *scene) build(layers string) (error, string) { return s.buildWith(layers, launchOnly) }

func (s *scene) buildWith(layers string, plan packit.BuildpackPlan) (error, string) {
	var log bytes.Buffer
	_, err := npminstall.Build(s.env, scribe.NewEmitter(&log))(packit.BuildContext{
		WorkingDir: s.app,
		Layers:     packit.Layers{Path: layers},
		Plan:       plan,
	})
	return err, log.String()
}

// general takes out of a text what differs from one run to the next, and from
// one release of npm to the next.
func (s *scene) general(text string) string {
	for _, one := range []struct{ from, to string }{
		{regexp.QuoteMeta(s.app), "/workspace"},
		{`https?://127\.0\.0\.1:\d+`, "https://registry.example"},
		{`127\.0\.0\.1:[1-46-9]\d+`, "registry.example:443"},
		{`127\.0\.0\.2:\d+`, "elsewhere.example:443"},
		{`http%3a%2f%2f[^ ]*`, "REGISTRY"},
		{`Actual: .*`, "Actual: OURS"},
		{`npm@\d+ `, "npm@LINE "},
		{`npm version failed: npm's configuration`, "npm install failed: npm's configuration"}, // which some find out earlier
		{`match "v[\d.]+"`, `match "OURS"`},
	} {
		text = regexp.MustCompile(one.from).ReplaceAllString(text, one.to)
	}
	return text + "\n"
}

// only makes a folder with links to these programs of the PATH of an
// environment, and returns it.
func only(t *testing.T, env environ.List, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.Symlink(find(t, env, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
