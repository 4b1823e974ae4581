package main

import (
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

const mebibyte = 1 << 20

// unlimited is the value from which a limit counts as none. Version 1 of
// control groups writes the largest number of whole pages that fits into 64
// bits.
const unlimited = math.MaxInt64 / 2

// available returns the MiB of MEMORY_AVAILABLE. It reads 2^20 or more of them
// as bytes.
func (h helper) available() (int64, bool) {
	n, ok := h.positive(memoryAvailable)
	if n >= mebibyte {
		n /= mebibyte
	}
	return n, ok
}

// limited returns the smallest limit of the control groups that this process
// is in, in MiB. It is false when there is none, or none that can be found.
func (h helper) limited() (int64, bool) {
	limit := h.limit()
	return limit / mebibyte, limit >= mebibyte && limit < unlimited
}

// limit returns the limit in bytes, or unlimited.
func (h helper) limit() int64 {
	groups := filepath.Join(h.root, "sys/fs/cgroup")
	if _, err := os.Stat(filepath.Join(groups, "cgroup.controllers")); err == nil {
		return smallest(groups, h.group(""), func(dir string) int64 { return number(filepath.Join(dir, "memory.max")) })
	}
	return smallest(filepath.Join(groups, "memory"), h.group("memory"), func(dir string) int64 {
		return min(number(filepath.Join(dir, "memory.limit_in_bytes")), hierarchical(filepath.Join(dir, "memory.stat")))
	})
}

// group returns the absolute path of this process's control group: of version
// 2, or of a controller of version 1 (man 7 cgroups, /proc/[pid]/cgroup).
func (h helper) group(controller string) string {
	text, err := os.ReadFile(filepath.Join(h.root, "proc/self/cgroup"))
	if err != nil {
		return "/"
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		for name := range strings.SplitSeq(fields[1], ",") {
			if name == controller {
				return path.Clean("/" + fields[2])
			}
		}
	}
	return "/"
}

// smallest returns the smallest limit of a group and its ancestors. A group
// that is invisible from inside the container has no limit.
func smallest(root, group string, limit func(dir string) int64) int64 {
	least := limit(root)
	for ; group != "/"; group = path.Dir(group) {
		least = min(least, limit(filepath.Join(root, group)))
	}
	return least
}

// number reads a file with a number of bytes, or "max".
func number(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return unlimited
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return unlimited
	}
	return n
}

// hierarchical returns the limit that version 1 computes from all ancestors,
// visible or not.
func hierarchical(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return unlimited
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "hierarchical_memory_limit "); ok {
			if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil {
				return n
			}
		}
	}
	return unlimited
}
