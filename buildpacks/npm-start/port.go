package npmstart

import (
	"strconv"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/node/startup"
)

// PortLabel is the label with the port that the app listens to, unless a variable
// says otherwise.
const PortLabel = "io.github.armature-cnb.port"

// usualPort is the port for an app that reads a variable for it, and of which
// nothing else is known.
const usualPort = 8080

// port returns the variable for the default process's port, and its default. It is
// empty for a start script that is taken as it is: its image remains the same.
func (s start) port() (variable, number string) {
	p := s.web
	asItIs := p.Script != "" && len(s.app.Processes) == 1 && len(s.app.Passed) == 0 &&
		p.Command == s.pkg.Scripts[p.Script] && p.Pre == s.pkg.Scripts["pre"+p.Script] && p.Post == s.pkg.Scripts["post"+p.Script]
	if asItIs || p.Port == "" || p.Type != startup.WebProcess {
		return "", ""
	}
	if p.Listens == 0 {
		p.Listens = usualPort
	}
	return p.Port, strconv.Itoa(p.Listens)
}

// addPort adds the default of that variable to the environment.
func (s start) addPort(env packit.Environment) {
	if variable, number := s.port(); variable != "" {
		env.Default(variable, number)
	}
}
