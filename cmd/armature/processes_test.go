package main

import (
	"errors"
	"maps"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
)

func TestProcesses(t *testing.T) {
	got, err := readProcesses([]string{"web=node a.js --b=c", "worker-2=x", "web=node b.js"})
	if want := map[string]string{"web": "node b.js", "worker-2": "x"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, bad := range []string{"web", "=x", "we b=x", "web=", "web= ", "w/x=y"} {
		if got, err := readProcesses([]string{bad}); !errors.Is(err, &failure.Failure{ID: "process-invalid"}) {
			t.Errorf("%q: got %q, %v", bad, got, err)
		}
	}
}
