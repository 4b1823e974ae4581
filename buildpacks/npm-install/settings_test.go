package npminstall_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/settings/settingstest"
)

func TestSettingsAreDeclared(t *testing.T) {
	settingstest.Declared(t, ".")
}
