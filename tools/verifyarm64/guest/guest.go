// Package guest is what the program on the host and the first process of the
// booted machine tell each other: a task in a file of the initramfs, and a
// result as one line on the console.
package guest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Where both sides find what was added to the image's file system. The folder
// is root's alone and none of the image's.
const (
	Dir      = ".verifyarm64"
	InitPath = Dir + "/init"
	TaskPath = Dir + "/task.json"
)

// Task is what to run and what to ask it.
type Task struct {
	Args       []string // the image's entrypoint and command, never empty
	Env        []string // "NAME=value", as the image has them
	WorkingDir string   // absolute
	User       string   // as in an image's config: "", "name", "uid", "uid:gid", "name:group"
	URL        string   // asked with GET until it answers: "http://127.0.0.1:3000/"
}

// Outcome is how a task ended.
type Outcome string

// The outcomes there are.
const (
	Answered Outcome = "answered" // the URL was answered, with whatever status
	Refused  Outcome = "refused"  // the kernel did not start the entrypoint
	Exited   Outcome = "exited"   // the entrypoint ended before anything answered
	Broken   Outcome = "broken"   // the task could not be carried out
)

// Result is how a task ended, and the evidence.
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

// MaxBodyBytes is how much of an answer is kept.
const MaxBodyBytes = 64 << 10

// marker begins the line on the console that a result is on.
const marker = "verifyarm64-result: "

// Line is the result as it goes to the console, on a line of its own.
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
