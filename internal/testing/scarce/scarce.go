//go:build unix

// Package scarce lets tests run code with few open files, or with little room in
// files: whatever it does then must be an error, or all that it does otherwise.
package scarce

import (
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// Try is one attempt. Do runs with a limit, and Check without one, after a Do that
// returned nil.
type Try struct {
	Do    func() error
	Check func()
}

// Attempts that are enough for any test.
const (
	mostFiles = 100
	mostRoom  = 10 // 1 GiB
)

// Files makes attempts, each with one more file that the process may open than the
// one before, until one succeeds. The first may open none. Tests that use it are
// not parallel. In the process that has little room it does nothing: its attempts
// have been made.
func Files(t testing.TB, prepare func() Try) {
	t.Helper()
	if os.Getenv(childVariable) != "" {
		return
	}
	try(t, prepare, syscall.RLIMIT_NOFILE, mostFiles, func(attempt uint64) (limit uint64, free func()) {
		first, free := fill(t)
		return first + attempt, free
	})
}

// childVariable is set in the process that has little room.
const childVariable = "ARMATURE_TEST_HAS_LITTLE_ROOM"

// Room makes attempts, each with eight times the maximal size of a file of the one
// before, until one succeeds. The first may write nothing. The whole test runs again
// in a process of its own: the limit would also count for the file in which go test
// has the test write down what it reads.
func Room(t testing.TB, prepare func() Try) {
	t.Helper()
	if os.Getenv(childVariable) == "" {
		runAgain(t)
		return
	}
	signal.Ignore(syscall.SIGXFSZ) // which would end the process
	defer signal.Reset(syscall.SIGXFSZ)
	try(t, prepare, syscall.RLIMIT_FSIZE, mostRoom, func(attempt uint64) (limit uint64, free func()) {
		return 1 << (3 * attempt) >> 3, func() {}
	})
}

func runAgain(t testing.TB) {
	t.Helper()
	parts := strings.Split(t.Name(), "/")
	for i, part := range parts {
		parts[i] = "^" + regexp.QuoteMeta(part) + "$"
	}
	cmd := exec.Command(os.Args[0], "-test.run", strings.Join(parts, "/"), "-test.v")
	cmd.Env = append(os.Environ(), childVariable+"=1")
	output, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: "+t.Name()) {
		t.Fatalf("with little room: %v\n%s", err, output)
	}
}

func try(t testing.TB, prepare func() Try, resource int, most uint64, limit func(attempt uint64) (uint64, func())) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(resource, &before); err != nil {
		t.Fatal(err)
	}
	for attempt := range most {
		try := prepare()
		now, free := limit(attempt)
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: now, Max: before.Max}); err != nil {
			t.Fatal(err)
		}
		err := try.Do()
		if err := syscall.Setrlimit(resource, &before); err != nil {
			t.Fatal(err)
		}
		free()
		if err == nil {
			try.Check()
			return
		}
	}
	t.Error("no limit was enough")
}

// fill opens so many files that no descriptor below theirs is free, and returns the
// next one.
func fill(t testing.TB) (next uint64, free func()) {
	t.Helper()
	var filling []*os.File
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("open files cannot be counted: %v", err)
	}
	for range len(open) + 1 {
		file, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		filling = append(filling, file)
		next = max(next, uint64(file.Fd())+1)
	}
	return next, func() {
		for _, file := range filling {
			file.Close()
		}
	}
}
