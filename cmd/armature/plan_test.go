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

// The app's files are in the plan; a terminal must not act upon them.
func TestAPlanIsPrintedWithoutControlCharacters(t *testing.T) {
	const odd = "a\x1b]0;x\ab\u009b2Je\u202ef\x7f"
	plan := platform.AppPlan{SchemaVersion: platform.PlanSchema, Target: "linux/arm64", Decisions: []platform.Decision{
		{Topic: "node", Decision: "24.1.0", Evidence: odd}, {Topic: "process", Name: "web", Decision: odd + "\n" + odd}, {Topic: "process", Name: odd, Decision: "x"},
	}}
	var text, document bytes.Buffer
	if err := printPlan(&text, plan); err != nil {
		t.Fatal(err)
	}
	if err := printPlanJSON(&document, plan); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{text.String(), document.String()} {
		for _, r := range strings.ReplaceAll(out, "\n", "") {
			if !unicode.IsPrint(r) {
				t.Errorf("it has %U:\n%q", r, out)
			}
		}
	}
	lines := strings.Split(text.String(), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[1], "Node.js   24.1.0 (a") || !strings.HasPrefix(lines[2], "process   web: a") || !strings.HasPrefix(lines[3], "          a") {
		t.Errorf("got\n%s", text.String())
	}
	var read platform.AppPlan
	if err := json.Unmarshal(document.Bytes(), &read); err != nil || read.SchemaVersion != 1 || read.Decisions[0].Evidence != odd {
		t.Errorf("got %+v, %v", read, err)
	}
}
