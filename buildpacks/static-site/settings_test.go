package staticsite_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/settings/settingstest"
)

func TestSettingsAreDeclared(t *testing.T) {
	settingstest.Declared(t, ".")
}
