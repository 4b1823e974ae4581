package command_test

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/armature-cnb/armature/buildpacks/npm-start/internal/command"
)

func TestAPatientShellEndsWithTheStatusOfWhatItWaitsFor(t *testing.T) {
	server := `sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.01; done'`
	for _, script := range []string{server, server + "; echo never", "true && " + server, "A=1 " + server} {
		cmd := exec.Command("sh", "-c", command.Patient(script))
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		output, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer time.AfterFunc(10*time.Second, func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }).Stop()
		line := make([]byte, 64)
		if n, err := output.Read(line); err != nil || string(line[:n]) != "ready\n" {
			t.Fatalf("%s: got %q, %v", script, line[:n], err)
		}
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if n, _ := output.Read(line); n > 0 {
			t.Errorf("%s goes on: %q", script, line[:n])
		}
		cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != 7 {
			t.Errorf("%s: got %d, want 7", script, got)
		}
	}
}
