package main_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	noderelease "github.com/armature-cnb/armature/tools/noderelease"
)

func TestUpdateReadsFolders(t *testing.T) {
	served := newWorld(t)
	served.mustUpdate()
	for name, prefix := range map[string]string{"a plain folder": "", "a file URL": "file://"} {
		t.Run(name, func(t *testing.T) {
			base := prefix + served.store()
			w := newWorld(t)
			w.server.Close()
			w.releaser = served.releaser
			w.signers(signerEntry(served.releaser, ""))
			err := w.run(w.args("-update", "-dist", base+"/dist", "-schedule", base+"/schedule.json", "-keys", base+"/keys", "-npm-registry", base+"/npm")...)
			if err != nil {
				t.Fatal(err)
			}
			if w.read("releases.lock.json") != served.read("releases.lock.json") {
				t.Error("the lock differs from that made over http")
			}
		})
	}
}

func TestSourcesAreSettingsOfTheEnvironment(t *testing.T) {
	w := newWorld(t)
	u := w.server.URL
	env := map[string]string{
		"NODERELEASE_DIST": u + "/dist", "NODERELEASE_SCHEDULE": u + "/schedule.json",
		"NODERELEASE_KEYS": u + "/keys", "NODERELEASE_NPM_REGISTRY": u + "/npm",
	}
	args := []string{"-update", "-dir", w.dir, "-cache", "none",
		"-policy", filepath.Join(w.config, "policy.toml"), "-signers", filepath.Join(w.config, "keys.toml")}
	err := noderelease.Run(context.Background(), args, func(k string) string { return env[k] }, os.Stdout, &w.messages)
	if err != nil || w.release("24.1.0") == nil {
		t.Errorf("got %v, %s", err, w.messages.String())
	}
}

// Killed while a server stalls: everything is as it was, and nothing is left.
func TestAnInterruptedUpdateLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.mustUpdate()
	lock, buildpack := w.read("releases.lock.json"), w.read("buildpack.toml")
	w.index("24.2.0", "24.1.0", "24.0.0")
	ctx, cancel := context.WithCancel(context.Background())
	w.answer[list("24.2.0")] = func(_ http.ResponseWriter, r *http.Request) bool {
		cancel()
		<-r.Context().Done()
		return true
	}
	err := noderelease.Run(ctx, w.args("-update"), func(string) string { return "" }, os.Stdout, &w.messages)
	if err == nil {
		t.Fatal("got no error")
	}
	if w.read("releases.lock.json") != lock || w.read("buildpack.toml") != buildpack {
		t.Error("a file changed")
	}
	left, _ := os.ReadDir(w.dir)
	if len(left) != 2 {
		t.Errorf("got %v, want buildpack.toml and releases.lock.json alone", left)
	}
}

func TestAStallingServerIsGivenUp(t *testing.T) {
	w := newWorld(t)
	w.answer[list("24.1.0")] = func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	}
	begun := time.Now()
	err := w.update("-timeout", "200ms")
	if err == nil || !strings.Contains(err.Error(), "node 24.1.0: fetching the signed list") || time.Since(begun) > 5*time.Second {
		t.Errorf("got %v after %s", err, time.Since(begun))
	}
	if w.release("24.0.0") == nil || w.requests(list("24.1.0")) != 1 {
		t.Errorf("got %d requests, want 1, and 24.0.0 kept", w.requests(list("24.1.0")))
	}
}

func TestCredentialsOfASourceAreNotSaid(t *testing.T) {
	for name, credentials := range map[string]string{"user and password": "carol:s3cret@", "a token for a user": "s3cret@"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			base := strings.Replace(w.server.URL, "http://", "http://"+credentials, 1)
			delete(w.files, list("24.1.0"))
			refused := w.update("-dist", base+"/dist?key=s3cret")
			if refused == nil || strings.Contains(refused.Error()+w.messages.String(), "s3cret") {
				t.Errorf("got %v, %s", refused, w.messages.String())
			}
			w.server.Close()
			unreachable := w.update("-dist", base+"/dist?key=s3cret")
			if unreachable == nil || strings.Contains(unreachable.Error(), "s3cret") {
				t.Errorf("got %v", unreachable)
			}
		})
	}
}

func TestCredentialsOfASourceAreUsed(t *testing.T) {
	w := newWorld(t)
	w.answer[list("24.1.0")] = func(rw http.ResponseWriter, r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		if user == "carol" && password == "s3cret" {
			return false
		}
		rw.WriteHeader(http.StatusUnauthorized)
		return true
	}
	if err := w.update(); err == nil || !strings.Contains(err.Error(), "got status 401") {
		t.Fatalf("got %v, want a 401 without them", err)
	}
	w.mustUpdate("-dist", strings.Replace(w.server.URL, "http://", "http://carol:s3cret@", 1)+"/dist")
}
