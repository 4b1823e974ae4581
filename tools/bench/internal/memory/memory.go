// Package memory measures how much memory processes use.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// interval is the sampling interval.
const interval = 50 * time.Millisecond

// Peak returns the peak memory of do's processes in bytes: the sum of the
// proportional set sizes (PSS, proc_pid_smaps(5)) of the processes in roots and
// their descendants, less the value before do. It excludes this process, which
// may release memory meanwhile, and the page cache of files.
func Peak(ctx context.Context, roots func() ([]int, error), do func() error) (int64, error) {
	before, err := used(roots)
	if err != nil {
		return 0, err
	}
	done := make(chan error, 1)
	go func() { done <- do() }()
	peak := before
	for ticks := time.NewTicker(interval); ; {
		select {
		case err := <-done:
			ticks.Stop()
			return peak - before, err
		case <-ticks.C:
			now, err := used(roots)
			if err != nil {
				return 0, err
			}
			peak = max(peak, now)
		}
	}
}

// Self returns this process.
func Self() ([]int, error) { return []int{os.Getpid()}, nil }

// Engine returns the processes of a Docker engine on this machine.
func Engine() ([]int, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	var found []int
	for pid, one := range all {
		if one.name == "dockerd" || strings.HasPrefix(one.name, "containerd") {
			found = append(found, pid)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("got no process called dockerd on this machine")
	}
	return found, nil
}

// used returns the memory of the roots and all their descendants.
func used(roots func() ([]int, error)) (int64, error) {
	first, err := roots()
	if err != nil {
		return 0, err
	}
	all, err := processes()
	if err != nil {
		return 0, err
	}
	var sum int64
	for pid := range family(all, first) {
		if pid == os.Getpid() {
			continue
		}
		content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "smaps_rollup"))
		if err != nil {
			continue // it has ended
		}
		sum += pss(content)
	}
	return sum, nil
}

// process is a process's entry in /proc.
type process struct {
	name   string
	parent int
}

func processes() (map[int]process, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := map[int]process{}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		if pid, one, ok := parseStat(string(content)); ok {
			all[pid] = one
		}
	}
	return all, nil
}

// parseStat reads proc_pid_stat(5): "12 (a name) S 1 ...". The name may hold
// anything.
func parseStat(text string) (int, process, bool) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return 0, process{}, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(text[:open]))
	rest := strings.Fields(text[end+1:])
	if err != nil || len(rest) < 2 {
		return 0, process{}, false
	}
	parent, err := strconv.Atoi(rest[1])
	return pid, process{name: text[open+1 : end], parent: parent}, err == nil
}

// family returns the roots and their descendants.
func family(all map[int]process, roots []int) map[int]bool {
	children := map[int][]int{}
	for pid, one := range all {
		children[one.parent] = append(children[one.parent], pid)
	}
	found := map[int]bool{}
	for next := roots; len(next) > 0; {
		pid := next[0]
		next = next[1:]
		if !found[pid] {
			found[pid] = true
			next = append(next[:len(next):len(next)], children[pid]...)
		}
	}
	return found
}

// pss returns the line Pss of smaps_rollup, in bytes; 0 without one.
func pss(content []byte) int64 {
	for line := range bytes.Lines(content) {
		fields := strings.Fields(string(line))
		if len(fields) == 3 && fields[0] == "Pss:" && fields[2] == "kB" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
