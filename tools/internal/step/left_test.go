package step_test

import (
	"strings"
	"testing"
	"time"

	"github.com/armature-cnb/armature/tools/internal/step"
)

func TestACommandThatLeavesAProcessBehindIsNotWaitedFor(t *testing.T) {
	start := time.Now()
	// One that fails is waited for the least.
	_, err := step.Output(t.Context(), nil, "sh", "-c", "setsid sleep 60 & echo done; exit 3")
	if err == nil || !strings.Contains(err.Error(), "done") {
		t.Errorf("got %v, want the error of the command, with what it printed", err)
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
}
