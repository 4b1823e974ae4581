// Package machine describes the machine of a benchmark.
package machine

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Facts are what results depend on besides the code.
type Facts struct {
	CPU      string  `json:"cpu"` // model, as the kernel calls it
	Cores    int     `json:"cores"`
	Memory   int64   `json:"memory"` // bytes
	Kernel   string  `json:"kernel"` // "Linux 6.12.1"
	Platform string  `json:"platform"`
	Load     float64 `json:"load"` // the load average of the minute before
}

// Read asks the kernel.
func Read() (Facts, error) {
	facts := Facts{Cores: runtime.NumCPU(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return facts, err
	}
	facts.Kernel = unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
	for _, one := range []struct {
		path string
		read func([]byte) error
	}{
		{"/proc/cpuinfo", func(content []byte) error { facts.CPU = cpu(content); return nil }},
		{"/proc/meminfo", func(content []byte) (err error) { facts.Memory, err = memory(content); return err }},
		{"/proc/loadavg", func(content []byte) (err error) { facts.Load, err = load(content); return err }},
	} {
		content, err := os.ReadFile(one.path)
		if err != nil {
			return facts, err
		}
		if err := one.read(content); err != nil {
			return facts, fmt.Errorf("reading %s: %w", one.path, err)
		}
	}
	return facts, nil
}

// cpu returns the model's name in /proc/cpuinfo. On Arm, the kernel gives only
// numbers.
func cpu(content []byte) string {
	values := map[string]string{}
	for line := range bytes.Lines(content) {
		name, value, found := strings.Cut(string(line), ":")
		name = strings.TrimSpace(name)
		if _, known := values[name]; found && !known {
			values[name] = strings.TrimSpace(value)
		}
	}
	if model := values["model name"]; model != "" {
		return model
	}
	if part := values["CPU part"]; part != "" {
		return "implementer " + values["CPU implementer"] + ", part " + part
	}
	return "unknown"
}

// memory is MemTotal of /proc/meminfo in bytes.
func memory(content []byte) (int64, error) {
	lines := bufio.NewScanner(bytes.NewReader(content))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 3 && fields[0] == "MemTotal:" && fields[2] == "kB" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("got no line with MemTotal in kB")
}

// load is the first number of /proc/loadavg.
func load(content []byte) (float64, error) {
	first, _, _ := strings.Cut(string(content), " ")
	return strconv.ParseFloat(first, 64)
}
