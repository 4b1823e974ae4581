package exit_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/exit"
	"github.com/armature-cnb/armature/internal/failure"
)

func TestStatus(t *testing.T) {
	passing := &failure.Failure{ID: "registry-busy", Transient: true}
	for _, tc := range []struct {
		name string
		err  error
		want int
	}{
		{name: "no error"},
		{name: "any error", err: errors.New("x"), want: 1},
		{name: "a failure", err: &failure.Failure{ID: "x"}, want: 1},
		{name: "a failure that may pass", err: passing, want: 75},
		{name: "the same, wrapped", err: fmt.Errorf("installing: %w", passing), want: 75},
		{name: "an app that is not taken", err: packit.Fail, want: 100},
		{name: "the same, with a reason", err: packit.Fail.WithMessage("no %s", "package.json"), want: 100},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := exit.Status(tc.err); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestHandlerPrintsTheErrorAndExits(t *testing.T) {
	var printed bytes.Buffer
	status := -1
	exit.Handler{Stderr: &printed, Exit: func(s int) { status = s }}.Error(errors.New("no space"))
	if printed.String() != "no space\n" || status != 1 {
		t.Errorf("got %q, %d", printed.String(), status)
	}
}
