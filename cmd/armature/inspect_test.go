//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/armature-cnb/armature/platform"
)

// The author of an image chose its labels; a terminal must not act upon them.
func TestWhatAnImageSaysIsPrintedWithoutControlCharacters(t *testing.T) {
	const odd = "a\x1b]0;x\ab\nc\td\u009b2Je\u202ef\U000e0001\x7f\xff"
	image := &platform.ImageDescription{
		Platform: odd, Digest: odd, Node: odd, RunImage: odd, User: odd,
		Processes: []platform.ImageProcess{{Type: odd, Command: []string{odd, odd}}},
		Layers:    []platform.ImageLayer{{Owner: odd}}, SBOM: []platform.ImageSBOM{{Owner: odd}},
	}
	var text, document bytes.Buffer
	if err := printImages(&text, []*platform.ImageDescription{image}); err != nil {
		t.Fatal(err)
	}
	if err := printJSON(&document, []*platform.ImageDescription{image}); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{text.String(), document.String()} {
		for _, r := range strings.ReplaceAll(out, "\n", "") {
			if !unicode.IsPrint(r) {
				t.Errorf("it has %U:\n%q", r, out)
			}
		}
	}
	if lines := strings.Count(text.String(), "\n"); lines != 9 {
		t.Errorf("got %d lines, want one for each of 9 values:\n%s", lines, text.String())
	}
	if !strings.Contains(text.String(), `a\x1b]0;x\ab\nc\td\u009b2Je\u202ef\U000e0001\x7f`) {
		t.Errorf("got %s", text.String())
	}
	var read []*platform.ImageDescription
	if err := json.Unmarshal(document.Bytes(), &read); err != nil || read[0].Node != strings.ToValidUTF8(odd, "\ufffd") {
		t.Errorf("got %+v, %v", read, err)
	}
}
