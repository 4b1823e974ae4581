package step_test

import (
	"testing"
	"time"

	"github.com/armature-cnb/armature/tools/internal/step"
)

func TestACommandThatLeavesAProcessBehindIsNotWaitedFor(t *testing.T) {
	start := time.Now()
	out, err := step.Output(t.Context(), nil, "sh", "-c", "setsid sleep 60 & sleep 0.3; echo done")
	if out != "done" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
}
