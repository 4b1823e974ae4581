package npminstall

import (
	"bytes"
	"os/exec"

	"github.com/armature-cnb/armature/internal/program"
)

// output runs a command and returns its output.
func (n npm) output(cmd *exec.Cmd) (stdout []byte, stderr string, err error) {
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	left, err := program.Run(cmd)
	n.warnOfLeft(left)
	return out.Bytes(), said.String(), err
}

// warnOfLeft names the processes that a script left behind: they were ended
// before they had finished.
func (n npm) warnOfLeft(left []program.Process) {
	if len(left) == 0 {
		return
	}
	n.log.Action("WARNING: [process-left-behind] ended what a script has left running: %s", program.Names(left))
	n.log.Detail("Only what a script waits for is done before the next step, and nothing that it starts goes on in the app image.")
	n.log.Detail("Where it does a part of the build, let the script wait for it: `wait` in a shell.")
}
