package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// webMemoryDefault is the MiB that one process of an app is given when
// WEB_MEMORY does not say.
const webMemoryDefault = 512

// processes is how many processes the app forks, of which each gets its share
// of the memory: what WEB_CONCURRENCY says, or else, when that is wanted, as
// many as there are processors and as there is memory for. It is 0 when
// nobody says.
func (h helper) processes(mebibytes int64, known bool) int64 {
	if n, ok := h.positive(webConcurrency); ok {
		return n
	}
	if _, set := h.lookup(webConcurrency); set || !h.enabled(webEnabled, false, "no "+webConcurrency) {
		return 0
	}
	n := h.processors()
	if known {
		each, ok := h.positive(webMemory)
		if !ok {
			each = webMemoryDefault
		}
		n = min(n, mebibytes/each)
	}
	return max(1, n)
}

// positive reads a variable that holds a number above zero. Anything else is
// warned of.
func (h helper) positive(name string) (int64, bool) {
	text, _ := h.lookup(name)
	if text = strings.TrimSpace(text); text == "" {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		h.warning("%s is %q, want a number above 0", name, text)
		return 0, false
	}
	return n, true
}

// enabled reads a switch that has a value when it is not set. What is neither
// true nor false is warned of, with what follows from the same value.
func (h helper) enabled(name string, unset bool, then string) bool {
	text, _ := h.lookup(name)
	if text == "" {
		return unset
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		h.warning("%s is %q, want true or false: %s", name, text, then)
		return unset
	}
	return on
}

// processors is how many processors the container may use, rounded up: those
// that this process may run on, or fewer when a control group has a quota.
func (h helper) processors() int64 {
	groups := filepath.Join(h.root, "sys/fs/cgroup")
	if _, err := os.Stat(filepath.Join(groups, "cgroup.controllers")); err == nil {
		return smallest(groups, h.group(""), func(dir string) int64 {
			quota, period, _ := strings.Cut(contents(filepath.Join(dir, "cpu.max")), " ")
			return h.share(quota, period)
		})
	}
	return smallest(filepath.Join(groups, "cpu"), h.group("cpu"), func(dir string) int64 {
		return h.share(contents(filepath.Join(dir, "cpu.cfs_quota_us")), contents(filepath.Join(dir, "cpu.cfs_period_us")))
	})
}

// share is how many processors a quota of microseconds in each period is; all
// of them where there is none.
func (h helper) share(quota, period string) int64 {
	q, err := strconv.ParseInt(quota, 10, 64)
	if err != nil || q <= 0 {
		return int64(h.cpus)
	}
	p, err := strconv.ParseInt(period, 10, 64)
	if err != nil || p <= 0 {
		return int64(h.cpus)
	}
	return min(int64(h.cpus), (q+p-1)/p)
}

// contents is a file's text; none when it cannot be read.
func contents(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
