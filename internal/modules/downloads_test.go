package modules

import (
	"os"
	"path/filepath"
	"testing"
)

// downloading is an app whose manager leaves a download.
func downloading(t *testing.T) *scene {
	s := newScene(t)
	s.installed = func(Part) error { return writeFiles(s.in(fakeCache), files{"a/b": "1", "c": "2"}) }
	return s
}

func TestDownloadsAreOneFileBetweenBuilds(t *testing.T) {
	s := downloading(t)
	s.built(forLaunch)
	s.has(s.in(fakeCache), "downloads.tar")
	if layer := s.layers[fakeCache]; !layer.Cache || layer.Launch || layer.Build {
		t.Errorf("got %+v", layer)
	}
	first := read(t, s.in(fakeCache, "downloads.tar"))

	s.source["package.json"] += "\n"
	s.installed = func(Part) error { // the previous download is restored
		s.has(s.in(fakeCache), "a/b", "c")
		return nil
	}
	s.built(forLaunch)
	if again := read(t, s.in(fakeCache, "downloads.tar")); again != first {
		t.Error("the same downloads are another archive")
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAnArchiveThatIsBrokenCostsTheDownloads(t *testing.T) {
	s := downloading(t)
	s.built(forLaunch)
	if err := os.WriteFile(s.in(fakeCache, "downloads.tar"), []byte("no archive, and longer than nothing"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.source["package.json"] += "\n"
	s.built(forLaunch)
	s.says("WARNING: beginning with an empty cache of fake's: ")
	s.has(s.in(fakeCache), "downloads.tar")
}

func TestDownloadsThatTheAppBringsStayAsTheyAre(t *testing.T) {
	s := newScene(t)
	s.cache = true
	s.source["vendored-cache/a/b"] = "1"
	s.built(forLaunch)
	s.has(s.in(fakeCache), "a/b")
	if _, err := os.Stat(filepath.Join(s.app, "vendored-cache")); err == nil {
		t.Error("they are in the app, too")
	}
	if err := writeFiles(s.in(fakeCache), files{"of-the-build-before": ""}); err != nil {
		t.Fatal(err)
	}
	s.built(forLaunch)
	s.has(s.in(fakeCache), "a/b", "of-the-build-before")
	s.source["vendored-cache/a/b"] = "2"
	s.built(forLaunch)
	s.has(s.in(fakeCache), "a/b")
}

// If the app no longer brings a cache, the layer is the manager's, which changes
// it.
func TestDownloadsThatTheAppBringsAgainAreTakenAgain(t *testing.T) {
	s := newScene(t)
	s.cache = true
	s.source["vendored-cache/a/b"] = "1"
	s.built(forLaunch)

	s.cache = false
	delete(s.source, "vendored-cache/a/b")
	s.source["package.json"] += "\n"
	s.installed = func(Part) error { return writeFiles(s.in(fakeCache), files{"new": "1"}) }
	s.built(forLaunch)
	s.has(s.in(fakeCache), "downloads.tar")

	s.cache, s.installed = true, nil
	s.source["vendored-cache/a/b"] = "1"
	s.built(forLaunch)
	s.has(s.in(fakeCache), "a/b")
}

func TestNoDownloadsAreNoLayer(t *testing.T) {
	s := newScene(t)
	s.built(forLaunch)
	if _, made := s.layers[fakeCache]; made {
		t.Error("got a layer")
	}
}
