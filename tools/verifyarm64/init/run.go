//go:build linux

package main

import (
	"bufio"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/armature-cnb/armature/tools/verifyarm64/guest"
)

// keptLines is the number of lines of the entrypoint's output in the result.
const keptLines = 20

// run starts the entrypoint and requests its URL until it answers or ends. The
// host limits the time.
func run(task guest.Task) guest.Result {
	account, err := lookUp("/", task.User)
	if err != nil {
		return guest.Result{Outcome: guest.Broken, Error: err.Error()}
	}
	env := account.environ(task.Env)
	program, err := find(task.Args[0], env)
	if err != nil {
		return guest.Result{Outcome: guest.Refused, Error: err.Error()}
	}
	if err := os.MkdirAll(task.WorkingDir, 0o755); err != nil {
		return guest.Result{Outcome: guest.Broken, Error: err.Error()}
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return guest.Result{Outcome: guest.Broken, Error: err.Error()}
	}
	cmd := &exec.Cmd{
		Path: program, Args: task.Args, Env: env, Dir: task.WorkingDir, Stdout: writer, Stderr: writer,
		SysProcAttr: &syscall.SysProcAttr{Credential: &account.credential, Setsid: true},
	}
	fmt.Printf("init: running %s as %d:%d in %s\n", strings.Join(task.Args, " "), account.credential.Uid, account.credential.Gid, task.WorkingDir)
	if err := cmd.Start(); err != nil {
		return guest.Result{Outcome: guest.Refused, Error: err.Error(), Program: machineOf(program, err)}
	}
	writer.Close()
	printed := new(output)
	copied := make(chan struct{})
	go func() { printed.follow(reader); close(copied) }()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	result := ask(task.URL, ended)
	if result.Outcome == guest.Exited {
		select { // its last output may be pending, or a child may hold the pipe
		case <-copied:
		case <-time.After(time.Second):
		}
	}
	result.Output = printed.stop()
	return result
}

// machineOf describes the machine type of a file that the kernel did not run.
func machineOf(program string, err error) string {
	if !errors.Is(err, syscall.ENOEXEC) {
		return ""
	}
	file, err := elf.Open(program)
	if err != nil {
		return ""
	}
	defer file.Close()
	return strings.ToLower(strings.TrimPrefix(file.Machine.String(), "EM_"))
}

// ask requests url ten times a second until it answers or the entrypoint has
// ended.
func ask(url string, ended <-chan error) guest.Result {
	client := &http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for {
		select {
		case err := <-ended:
			return guest.Result{Outcome: guest.Exited, Error: exitText(err)}
		case <-time.After(100 * time.Millisecond):
		}
		response, err := client.Get(url)
		if err != nil {
			continue
		}
		body, err := io.ReadAll(io.LimitReader(response.Body, guest.MaxBodyBytes))
		response.Body.Close()
		if err == nil {
			return guest.Result{Outcome: guest.Answered, Status: response.StatusCode, Body: string(body)}
		}
	}
}

func exitText(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// find returns a program's path: a path unchanged, a name from the PATH of env.
func find(program string, env []string) (string, error) {
	if strings.Contains(program, "/") {
		return program, nil
	}
	for _, dir := range filepath.SplitList(value(env, "PATH")) {
		path := filepath.Join(dir, program)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: not in the image's PATH %q", program, value(env, "PATH"))
}

// output copies lines to the console and keeps the last ones.
type output struct {
	mutex   sync.Mutex
	lines   []string
	stopped bool
}

func (o *output) follow(r io.Reader) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			o.add(line)
		}
		if err != nil {
			return
		}
	}
}

func (o *output) add(line string) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.stopped {
		return
	}
	fmt.Println("app: " + line)
	o.lines = append(o.lines, line)
	o.lines = o.lines[max(0, len(o.lines)-keptLines):]
}

// stop stops copying, and returns the last lines.
func (o *output) stop() []string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.stopped = true
	return o.lines
}
