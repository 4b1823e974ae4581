package main_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	noderelease "github.com/armature-cnb/armature/tools/noderelease"
)

// TestRecordedReleases runs a whole update against real release data, served on
// loopback: index.json, schedule.json, shasums/vX.Y.Z/SHASUMS256.txt.asc and
// release-keys/keys/FINGERPRINT.asc below the folder that $NODERELEASE_DATA
// names. The npm registry is made of the committed lock's own pins. What comes
// out has to be the committed lock.
func TestRecordedReleases(t *testing.T) {
	data := os.Getenv("NODERELEASE_DATA")
	if data == "" {
		t.Skip("$NODERELEASE_DATA does not name a folder with recorded release data (index.json, schedule.json, shasums, release-keys)")
	}
	w := newWorld(t)
	committed, err := noderelease.ReadLock(filepath.Join(nodeEngine, "releases.lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	serve := http.NewServeMux()
	serve.Handle("/npm/", http.StripPrefix("/npm", http.FileServer(http.Dir(registryOf(t, committed)))))
	serve.Handle("/", http.FileServer(http.Dir(data)))
	server := httptest.NewServer(serve)
	defer server.Close()
	update := func() (bodies int) {
		t.Helper()
		before, begun := cpu(t), time.Now()
		err := w.run("-update", "-dir", w.dir, "-cache", w.cache, "-dist", server.URL+"/shasums", "-index", server.URL+"/index.json",
			"-schedule", server.URL+"/schedule.json", "-keys", server.URL+"/release-keys/keys", "-npm-registry", server.URL+"/npm")
		if err != nil {
			t.Fatalf("got %v\n%s", err, w.messages.String())
		}
		used := cpu(t) - before
		t.Logf("%s of CPU, %s\n%s", used, time.Since(begun), w.messages.String())
		if used > 10*time.Second {
			t.Errorf("got %s of CPU, want less than 10s", used)
		}
		bodies, err = strconv.Atoi(regexp.MustCompile(`, (\d+) bytes of answers`).FindStringSubmatch(w.messages.String())[1])
		if err != nil {
			t.Fatal(err)
		}
		return bodies
	}
	first := update()
	for i := range committed.Releases {
		for j := range committed.Releases[i].Archives {
			committed.Releases[i].Archives[j].ELF = nil // needs downloads of gigabytes
		}
	}
	want, err := committed.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got := w.read("releases.lock.json"); got != string(want) {
		t.Error("the lock made from the recorded data is not the committed one; compare with -update")
	}
	// That nothing changed is an answer's header, about 110 bytes of each.
	if second := update(); second*100 > first {
		t.Errorf("got %d bytes of answers by the second update, want less than 1%% of %d", second, first)
	}
}

// cpu is what this process has used so far, server and client alike.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// registryOf makes the npm registry that a lock was made from: a folder with a
// document for each package.
func registryOf(t *testing.T, lock *noderelease.Lock) string {
	t.Helper()
	packages := map[string]map[string]string{"npm": {}}
	for _, n := range lock.NPM {
		packages["npm"][n.Version] = n.SHA512
	}
	for _, r := range lock.Releases {
		for _, a := range r.Archives {
			if a.Package == "" {
				continue
			}
			if packages[a.Package] == nil {
				packages[a.Package] = map[string]string{}
			}
			packages[a.Package][r.Version] = a.SHA512
		}
	}
	folder := t.TempDir()
	for name, pins := range packages {
		versions := map[string]any{}
		for version, sum := range pins {
			raw, err := hex.DecodeString(sum)
			if err != nil {
				t.Fatal(err)
			}
			versions[version] = map[string]any{"dist": map[string]string{"integrity": "sha512-" + base64.StdEncoding.EncodeToString(raw)}}
		}
		text, err := json.Marshal(map[string]any{"name": name, "versions": versions})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// Each recorded list, with one digit of one line changed, has to be refused:
// a verifier that lets everything pass would not be seen otherwise.
func TestRecordedListsAreRefusedWhenTamperedWith(t *testing.T) {
	data := os.Getenv("NODERELEASE_DATA")
	if data == "" {
		t.Skip("$NODERELEASE_DATA does not name a folder with recorded release data (shasums, release-keys)")
	}
	signers, err := os.ReadFile("keys.toml")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := noderelease.ParseSigners(signers)
	if err != nil {
		t.Fatal(err)
	}
	ring := noderelease.NewKeyring()
	for _, s := range parsed {
		text, err := os.ReadFile(filepath.Join(data, "release-keys", "keys", s.Fingerprint+".asc"))
		if err == nil {
			err = ring.Add(s, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	lists, err := filepath.Glob(filepath.Join(data, "shasums", "*", "SHASUMS256.txt.asc"))
	if err != nil || len(lists) < 200 {
		t.Fatalf("got %d lists, %v", len(lists), err)
	}
	good := 0
	for _, path := range lists {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ring.Verify(text, time.Now()); err == nil {
			good++
		}
		i := bytes.Index(text, []byte("-linux-arm64.tar.gz")) - 70
		tampered := bytes.Clone(text)
		tampered[i] ^= 1
		if _, err := ring.Verify(tampered, time.Now()); err == nil || strings.Contains(fmt.Sprint(err), "no whole") {
			t.Errorf("%s with one bit changed: got %v, want an invalid signature", path, err)
		}
	}
	if good < len(lists)-1 {
		t.Errorf("got %d of %d lists verified", good, len(lists))
	}
}
