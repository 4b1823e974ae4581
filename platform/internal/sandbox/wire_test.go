//go:build linux

package sandbox

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// Paths, arguments and variables are bytes to the kernel.
func TestWhatIsNoUTF8IsPassedOnUnaltered(t *testing.T) {
	near, far, err := channelPair()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	inside, err := newChannel(far)
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	const odd = "caf\xe9 \"[]\" \xff\x00ü"
	command := Command{Args: []string{"/" + odd, ""}, Env: []string{"A=" + odd, "B=ü"}, Dir: "/" + odd, Heading: odd, Followed: true, AsksForItself: true}
	sent := setup{Way: Chroot, Root: odd, MountPoint: odd, Binds: []Bind{{Source: odd, Target: odd, Writable: true}}, User: 1, Group: 2, Hostname: odd, Network: None, Tmpfs: []string{"/" + odd}, OneID: true}
	var got order
	var stood setup
	if err := near.send(order{Command: &command, Signal: 3}, nil); err != nil {
		t.Fatal(err)
	}
	if err := near.send(sent, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := inside.receive(&got); err != nil || got.Signal != 3 || !reflect.DeepEqual(*got.Command, command) {
		t.Errorf("got %v, %v\nwant %v", got.Command, err, command)
	}
	if _, err := inside.receive(&stood); err != nil || !reflect.DeepEqual(stood, sent) {
		t.Errorf("got %v, %v\nwant %v", stood, err, sent)
	}
}

func TestWhatDoesNotFitIntoAMessageIsToldApart(t *testing.T) {
	near, far, err := channelPair()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	defer far.Close()
	err = near.send(order{Command: &Command{Env: []string{"A=" + strings.Repeat("a", maxMessage)}}}, nil)
	if !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v", err)
	}
}
