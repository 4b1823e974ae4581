//go:build linux

package phases

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/armature-cnb/armature/internal/cnb/labels"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/progress"
	"github.com/armature-cnb/armature/internal/progress/progresstest"
)

// imageWith returns an image of layers with empty files of these names.
func imageWith(t *testing.T, layers ...[]string) v1.Image {
	t.Helper()
	image := empty.Image
	for _, names := range layers {
		var text bytes.Buffer
		archive := tar.NewWriter(&text)
		for _, name := range names {
			if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o755}); err != nil {
				t.Fatal(err)
			}
		}
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text.Bytes())), nil })
		if err == nil {
			image, err = mutate.AppendLayers(image, layer)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return image
}

func TestProcessesForBashWantOneInTheRunImage(t *testing.T) {
	const direct, indirect = `{"type":"web","direct":true,"buildpackID":"a/start"}`, `{"type":"worker","direct":false,"buildpackID":"b/procfile"}`
	tiny := []string{"usr/bin/node"}
	for _, tc := range []struct {
		name, processes, mode string
		layers                [][]string
		refused, noted        bool
	}{
		{"direct ones only", direct, "", [][]string{tiny}, false, false},
		{"one for bash", direct + "," + indirect, "", [][]string{tiny}, true, false},
		{"it may pass", indirect, "warn", [][]string{tiny}, false, true},
		{"nobody asks", indirect, "off", [][]string{tiny}, false, false},
		{"a run image with bash", indirect, "", [][]string{tiny, {"usr/bin/bash"}}, false, false},
		{"bash in an older place", indirect, "", [][]string{{"bin/bash"}}, false, false},
		{"a layer takes it away", indirect, "", [][]string{{"bin/bash"}, {"bin/.wh.bash"}}, true, false},
	} {
		made, err := mutate.Config(empty.Image, v1.Config{Labels: map[string]string{labels.Build: `{"processes":[` + tc.processes + `]}`}})
		if err != nil {
			t.Fatal(err)
		}
		var log progresstest.Recorder
		b := &Build{Options: Options{Env: map[string]string{settings.StartCheck: tc.mode}, Log: progress.New(log.Event)}}
		b.run = &runImage{found: "stack/run-tiny", image: imageWith(t, tc.layers...)}
		err = b.checkBash(t.Context(), made)
		if refused := errors.Is(err, &failure.Failure{ID: "bash-missing"}); refused != tc.refused || !refused && err != nil {
			t.Errorf("%s: got %v", tc.name, err)
		}
		said := log.String()
		if err != nil {
			said = err.Error()
		}
		if noted := strings.Contains(log.String(), "[bash-missing]"); noted != tc.noted || (tc.noted || tc.refused) && !strings.Contains(said, "stack/run-tiny has no bash") || (tc.noted || tc.refused) && !strings.Contains(said, "worker (of b/procfile)") {
			t.Errorf("%s: got %q", tc.name, said)
		}
	}
}
