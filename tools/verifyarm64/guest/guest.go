// Package guest is the protocol between the program on the host and the first
// process of the booted machine: a task in a file of the initramfs, and a
// result as one line on the console.
package guest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The paths of the files added to the image's file system, in a folder of
// root's that no image has.
const (
	Dir      = ".verifyarm64"
	InitPath = Dir + "/init"
	TaskPath = Dir + "/task.json"
)

// Task is a command to run and a request to send.
type Task struct {
	Args       []string // the image's entrypoint and command, never empty
	Env        []string // "NAME=value", as the image has them
	WorkingDir string   // absolute
	User       string   // as in an image's configuration: "", "name", "uid", "uid:gid", "name:group"
	URL        string   // asked with GET until it answers: "http://127.0.0.1:3000/"
}

// Outcome is the outcome of a task.
type Outcome string

// The outcomes there are.
const (
	Answered Outcome = "answered" // the URL was answered, with whatever status
	Refused  Outcome = "refused"  // the kernel did not start the entrypoint
	Exited   Outcome = "exited"   // the entrypoint ended before anything answered
	Broken   Outcome = "broken"   // the task could not run
)

// Result is the outcome of a task with details.
type Result struct {
	Outcome Outcome
	Machine string   // as uname -m prints it in the machine: "aarch64"
	Kernel  string   // its release: "6.12.0-arm64"
	Status  int      `json:",omitempty"` // Answered: the HTTP status
	Body    string   `json:",omitempty"` // Answered: at most [MaxBodyBytes] of the body
	Error   string   `json:",omitempty"` // the others: what went wrong
	Program string   `json:",omitempty"` // Refused: what the file is for, "x86-64", where that can be told
	Output  []string `json:",omitempty"` // the last lines that the entrypoint printed
	Uptime  float64  // seconds from the kernel's start to the result
}

// MaxBodyBytes is the size limit of a recorded answer.
const MaxBodyBytes = 64 << 10

// marker is the prefix of the result's line on the console.
const marker = "verifyarm64-result: "

// Line returns the result as a line for the console.
func (r Result) Line() (string, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	return "\n" + marker + string(raw) + "\n", nil
}

// ParseLine reads a console line. The second result reports whether it is one
// of [Result.Line].
func ParseLine(line string) (Result, bool, error) {
	raw, ok := strings.CutPrefix(strings.TrimSpace(line), marker)
	if !ok {
		return Result{}, false, nil
	}
	var r Result
	if err := json.Unmarshal([]byte(raw), &r); err != nil {
		return Result{}, true, fmt.Errorf("reading the machine's result %q: %w", raw, err)
	}
	return r, true, nil
}
