package pnpm

import (
	"fmt"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/outcome"
)

// fault is a failed call of pnpm.
type fault struct {
	outcome.Outcome
	args    []string
	dir     string // the project's folder
	version version
}

// classify turns a fault into a [failure.Failure].
func classify(f fault) error {
	return &failure.Failure{
		ID:     "npm-failed",
		Cause:  fmt.Sprintf("pnpm %s failed with %s: %s", f.args[0], f.End(), outcome.LastWords(f.Output)),
		Remedy: "pnpm's output above says more.",
	}
}

func scriptFailure(s modules.Script, f fault) error { return classify(f) }
