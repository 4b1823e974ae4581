//go:build linux

package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/armature-cnb/armature/internal/failure"
)

// What is decoded in part is no message.
func TestAMessageOfAnotherShapeIsAnError(t *testing.T) {
	for text, value := range map[string]any{
		`{"Args":7}`: &Command{}, `{"Dir":[7]}`: &Command{}, `{"Source":7}`: &Bind{}, `{"Tmpfs":7}`: &setup{}, `{"Root":["?"]}`: &setup{},
	} {
		if err := json.Unmarshal([]byte(text), value); err == nil {
			t.Errorf("%s: got %+v and no error", text, value)
		}
	}
}

func TestIDsThatCannotBeMappedAreAnError(t *testing.T) {
	if namespace, err := (setup{User: 1, Group: 1}).mapIDs(-1, -1); err == nil {
		t.Errorf("got %v and no error", namespace)
	}
}

func TestTheDeathOfTheFirstProcessHasAReason(t *testing.T) {
	for _, noThread := range []bool{false, true} {
		near, far, err := channelPair()
		if err != nil {
			t.Fatal(err)
		}
		defer far.Close()
		s := &Sandbox{spec: Spec{Way: Chroot}, control: near, ended: make(chan error, 1), outputs: &outputs{}}
		s.outputs.noThread.Store(noThread)
		s.ended <- errors.New("exit status 2")
		err = s.died(t.Context(), io.EOF)
		if !errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "first process ended (exit status 2)") || errors.Is(err, &failure.Failure{ID: "out-of-processes"}) != noThread {
			t.Errorf("no thread %v: got %v", noThread, err)
		}
		if err := near.send(order{}, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("it is told nothing: %v", err)
		}
	}
}

// Neither an answer nor a name is made anywhere but in the root.
func TestARootThatIsGoneIsAnError(t *testing.T) {
	gone := t.TempDir() + "/gone"
	for name, err := range map[string]error{
		"the answer": answer(gone, "/bin/x"), "the outputs' names": nameOutputs(gone), "a folder's content": removeContents(gone),
	} {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	file := t.TempDir() + "/dev"
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := makeDevices(Spec{Root: strings.TrimSuffix(file, "/dev")}); !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("a file in place of /dev: got %v", err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if conn, err := (answering{listener, gone}).Accept(); conn != nil || !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed listener: got %v, %v", conn, err)
	}
}

// A folder can be opened for reading.
func TestAnOutputThatCannotBeWrittenToIsAnError(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(root+"/dev/stdout", 0o755); err != nil {
		t.Fatal(err)
	}
	s := &Sandbox{spec: Spec{Way: Chroot, Root: root}}
	if read, end, err := s.pipe("stdout"); read != nil || end != nil || !errors.Is(err, syscall.EISDIR) {
		t.Errorf("got %v, %v, %v", read, end, err)
	}
	if left := openBelow(root); len(left) > 0 {
		t.Errorf("open: %v", left)
	}
}
