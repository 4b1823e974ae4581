// Package execenv reads the execution environment of an image: what its build is
// for. Since version 0.12 of the Buildpack API the lifecycle tells it to buildpacks
// (Buildpack API, "Execution Environments"). To those of an earlier version the
// platform gives it as a variable of the build, which has the same name.
package execenv

import (
	"github.com/armature-cnb/armature/internal/cnb/settings"
)

// Variable is the variable with the execution environment, of the lifecycle and of
// buildpacks.
const Variable = "CNB_EXEC_ENV"

// Environment is an execution environment.
type Environment string

// The execution environments. The name of one other than Production is also the
// type of the process that the image has there.
const (
	Production  Environment = "production"
	Test        Environment = "test"
	Development Environment = "development"
)

// Read returns the build's execution environment: [Production] without the
// variable. An unknown one is a [failure.Failure].
func Read(getenv settings.Getenv) (Environment, error) {
	text, err := settings.OneOf(getenv, Variable, string(Production), string(Test), string(Development))
	return Environment(text), err
}

// Develops reports whether the image has the dependencies for development.
func (e Environment) Develops() bool { return e == Test || e == Development }
