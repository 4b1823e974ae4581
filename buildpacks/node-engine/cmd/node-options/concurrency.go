package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// webMemoryDefault is the MiB per process when WEB_MEMORY is unset.
const webMemoryDefault = 512

// processes returns how many processes the app forks, which share the memory
// equally: WEB_CONCURRENCY, or else, if enabled, the number of processors,
// limited by the memory. It is 0 when unknown.
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

// positive reads a variable with a number above zero. It warns about any other
// value.
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

// enabled reads a switch; unset is its default. It warns about a value that is
// no boolean, and then returns the default; then describes that for the
// warning.
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

// processors returns how many processors the container may use, rounded up: the
// process's CPU affinity, or fewer if a control group has a quota.
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

// share returns how many processors a quota of microseconds per period is; all
// of them without a quota.
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

// contents returns a file's text, or "" if it cannot be read.
func contents(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
