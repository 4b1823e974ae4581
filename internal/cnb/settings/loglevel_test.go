package settings_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

func TestTheLogHasTheLevelThatWasSet(t *testing.T) {
	for level, want := range map[string]string{
		"": "a\n", "INFO": "a\n", "info": "a\n", "DEBUG": "a\nb\n", "debug": "a\nb\n",
		"loud": "", "TRACE": "", "DEBUG ": "", "1": "",
	} {
		var out strings.Builder
		env := environ.List{"BP_LOG_LEVEL=" + level}
		log, err := settings.Log(env.Get, &out)
		_, err = settings.Unless(err, func(packit.BuildContext) (packit.BuildResult, error) {
			log.Title("a")
			log.Debug.Title("b")
			return packit.BuildResult{}, nil
		})(packit.BuildContext{})
		if out.String() != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", level, &out, err, want)
		}
		if says := "BP_LOG_LEVEL is \"" + level + "\", want INFO or DEBUG"; err != nil && (!errors.Is(err, &failure.Failure{ID: "setting-invalid"}) || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: got %v, want %s", level, err, says)
		}
	}
}
