package settings

import (
	"io"
	"strings"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
)

// LogLevel is the setting for how much the log says.
const LogLevel = "BP_LOG_LEVEL"

// levels are its values, in any case.
var levels = []string{"INFO", "DEBUG"}

// Log returns a log on out with the level of [LogLevel]. An error is for an invalid
// level; the log has the usual one then.
func Log(getenv Getenv, out io.Writer) (scribe.Emitter, error) {
	log := scribe.NewEmitter(out)
	level, err := OneOf(func(name string) string { return strings.ToUpper(getenv(name)) }, LogLevel, levels...)
	if err != nil {
		return log, invalid(LogLevel, getenv(LogLevel), strings.Join(levels, " or "))
	}
	return log.WithLevel(level), nil
}

// Unless returns the build, or one that ends with the error if there is one: what
// is wrong with a setting of all builds is told by the build, and not by a
// detection, which other buildpacks may pass.
func Unless(err error, build packit.BuildFunc) packit.BuildFunc {
	if err == nil {
		return build
	}
	return func(packit.BuildContext) (packit.BuildResult, error) { return packit.BuildResult{}, err }
}
