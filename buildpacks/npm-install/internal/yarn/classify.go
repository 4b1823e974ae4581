package yarn

import (
	"fmt"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/outcome"
)

// classify runs Yarn and turns its failure into a [failure.Failure].
func (m *manager) classify(c call) error {
	failed, err := m.run(c)
	if err != nil || failed == nil {
		return err
	}
	return &failure.Failure{
		ID:     "yarn-failed",
		Cause:  fmt.Sprintf("%s failed with %s: %s", c, failed.End(), outcome.LastWords(failed.Output)),
		Remedy: "Yarn's output above says more.",
	}
}
