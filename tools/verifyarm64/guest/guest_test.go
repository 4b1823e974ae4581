package guest_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/tools/verifyarm64/guest"
)

func TestResultsAreOneConsoleLine(t *testing.T) {
	want := guest.Result{
		Outcome: guest.Answered, Machine: "aarch64", Status: 200, Uptime: 1.5,
		Body:   "<b>Grüße</b>\r\nverifyarm64-result: {}\n\x00\u2028",
		Output: []string{"listening", `"quoted"`},
	}
	printed, err := want.Line()
	if err != nil {
		t.Fatal(err)
	}
	// A console ends lines with two characters.
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(printed, "\n", "\r\n")), "\n")
	if len(lines) != 1 {
		t.Fatalf("got %d lines: %q", len(lines), lines)
	}
	got, ok, err := guest.ParseLine(lines[0])
	if err != nil || !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, %v, want %+v", got, ok, err, want)
	}
}

func TestOtherLinesAreNoResults(t *testing.T) {
	for _, line := range []string{"", "[    0.0] Booting Linux", `app: verifyarm64-result: {"Outcome":"answered"}`} {
		if got, ok, err := guest.ParseLine(line); ok || err != nil {
			t.Errorf("%q: got %+v, %v", line, got, err)
		}
	}
}

func TestACutLineIsAnError(t *testing.T) {
	if _, ok, err := guest.ParseLine(`verifyarm64-result: {"Outcome":"answ`); !ok || err == nil {
		t.Errorf("got %v, %v", ok, err)
	}
}
