//go:build linux

package integration_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/emulation"
)

const tested = "../testdata/tested"

// The tests of an app run for linux/arm64, emulated where this machine is another,
// after a build for production, and leave that build as it was.
func TestAnAppsTestsRunInItsImage(t *testing.T) {
	t.Parallel()
	if host(t) != targets.LinuxARM64 && !emulation.Works(targets.LinuxARM64) {
		t.Skip("this machine has no emulation of linux/arm64")
	}
	u := newUser(t, 0)
	production := u.must(tested, "--tag", "tested")
	for _, tc := range []struct {
		name        string
		args        []string
		status      int
		want, lacks string
	}{
		{"tests that pass", []string{"--env", "GREETING=hello"}, 0, "on arm64 for test, hello\n", "armature: the tests ended"},
		{"tests that fail", []string{"--env", "FAIL=1", "--env", "NODE_ENV=other", "--env", "GREETING=", "--", "--test-name-pattern", "asked"}, 1, "armature: the tests ended with status 1 on linux/arm64\n", "on arm64 for"},
		{"another command", []string{"--command", "node -e 'process.exit(75)'"}, 75, "armature: the tests ended with status 75 on linux/arm64\n", ""},
		{"a project without tests", nil, 1, "[test-script-missing]", "the tests ended"},
	} {
		app := tested
		if tc.args == nil {
			app = plainApp(t)
		}
		cmd := u.command(t.Context(), append([]string{"test", app}, tc.args...)...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.Run()
		got := out.String()
		if status := cmd.ProcessState.ExitCode(); status != tc.status || !strings.Contains(got, tc.want) || tc.lacks != "" && strings.Contains(got, tc.lacks) {
			t.Errorf("%s: got status %d, want %d, %q and no %q\n%s", tc.name, status, tc.status, tc.want, tc.lacks, got)
		}
	}
	again := u.must(tested, "--tag", "tested")
	if again.digest != production.digest || !strings.Contains(again.log, "Reusing layer 'armature/npm-install:launch-modules'") {
		t.Errorf("production afterwards: got %s, want %s, and its layers\n%s", again.digest, production.digest, again.log)
	}
}
