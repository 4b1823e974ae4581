package execd_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/cnb/execd"
)

// With a variable set, the test program acts as an exec.d program.
func TestMain(m *testing.M) {
	if os.Getenv("EXECD_PROGRAM") == "" {
		os.Exit(m.Run())
	}
	out, err := execd.Output()
	var nobody execd.NotStartedByLauncher
	if errors.As(err, &nobody) {
		os.Exit(3)
	}
	if err != nil || execd.Set(out, "NAME", os.Getenv("EXECD_PROGRAM")) != nil {
		os.Exit(4)
	}
	os.Exit(0)
}

func program(value string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "EXECD_PROGRAM="+value)
	return cmd
}

func TestSetIsReadBackAsTOML(t *testing.T) {
	for _, value := range []string{"plain", `with "quotes" and \ and ü`, "two\nlines", "--a=b --c"} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd := program(value)
		cmd.ExtraFiles = []*os.File{writer} // descriptor 3
		if err := cmd.Run(); err != nil {
			t.Fatal(err)
		}
		writer.Close()
		var text bytes.Buffer
		if _, err := text.ReadFrom(reader); err != nil {
			t.Fatal(err)
		}
		var got struct{ NAME string }
		if _, err := toml.Decode(text.String(), &got); err != nil || got.NAME != value {
			t.Errorf("%q: got %q, %v from %q", value, got.NAME, err, text.String())
		}
	}
}

func TestOutputWithoutTheLauncherIsAnError(t *testing.T) {
	var exit *exec.ExitError
	if err := program("x").Run(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("got %v, want the status for not started by the launcher", err)
	}
}
