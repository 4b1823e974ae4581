// Command node-options is an exec.d program: it runs before the app's process
// and configures Node.js for the container. It adds options to NODE_OPTIONS
// that the user's own value would replace or that depend on the container: the
// system's authorities, a heap that fits the memory limit, and the inspector
// when BPL_DEBUG_ENABLED asks for it. The user's own options stay, take
// precedence, and are never repeated. When BPL_WEB_CONCURRENCY_ENABLED asks for
// it, it sets WEB_CONCURRENCY to the number of processes that the container has
// room for. It adds the authorities of ca-certificates bindings to
// NODE_EXTRA_CA_CERTS (package authorities).
//
// One program does all of this, since each further one costs a container two
// milliseconds and 0.8 MB.
//
// It never prevents a container from starting: every failure is a warning, and
// the exit status is always 0.
//
// exec.d programs write the variables they set as TOML to file descriptor 3
// (Buildpack API, "Launch", exec.d).
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/buildpacks/node-engine/internal/authorities"
	"github.com/armature-cnb/armature/internal/cnb/execd"
)

// Names of the variables that are read or set.
const (
	nodeOptions     = "NODE_OPTIONS"
	memoryAvailable = "MEMORY_AVAILABLE" // written in MiB; read in MiB, or in bytes if very large
	optimizeMemory  = "OPTIMIZE_MEMORY"  // whether to size the heap; any value means yes
	optimizeItself  = "BPL_NODE_OPTIMIZE_MEMORY"
	webConcurrency  = "WEB_CONCURRENCY" // how many processes an app forks
	webMemory       = "WEB_MEMORY"      // MiB for one of them
	webEnabled      = "BPL_WEB_CONCURRENCY_ENABLED"
	debugEnabled    = "BPL_DEBUG_ENABLED"
	debugHost       = "BPL_DEBUG_HOST"
	debugPort       = "BPL_DEBUG_PORT"
)

func main() {
	h := helper{lookup: os.LookupEnv, root: "/", cpus: runtime.NumCPU(), warn: os.Stderr}
	out, err := execd.Output()
	if err != nil {
		h.warning("%s", err)
		return
	}
	authorities.Set(out, h.lookup, h.warn)
	h.run(out)
}

type helper struct {
	lookup func(string) (string, bool)
	root   string // the folder that holds proc and sys
	cpus   int    // how many processors this process may run on
	warn   io.Writer
}

// run writes the variables to set to out.
func (h helper) run(out io.Writer) {
	before, _ := h.lookup(nodeOptions)
	options := withAuthorities(before)
	limit, limited := h.limited()
	memory, set := h.available()
	known := set || limited
	if !set {
		memory = limit
	}
	if known {
		h.set(out, memoryAvailable, strconv.FormatInt(memory, 10))
	}
	if limited { // whatever the user says
		memory = min(memory, limit)
	}
	processes := h.processes(memory, known)
	if _, set := h.lookup(webConcurrency); !set && processes > 0 {
		h.set(out, webConcurrency, strconv.FormatInt(processes, 10))
	}
	if known && h.fits(set) {
		options = withHeap(options, memory/max(1, processes))
	}
	options = h.withInspector(options)
	if options != before {
		h.set(out, nodeOptions, options)
	}
}

// fits reports whether to size the heap for the memory: if the settings ask for
// it, and by default if the container has a limit. Node.js alone would take
// half of the limit, but 256 MiB of any smaller one, and then the kernel kills
// it silently.
func (h helper) fits(set bool) bool {
	if _, asked := h.lookup(optimizeMemory); asked {
		return true
	}
	return !set && h.enabled(optimizeItself, true, "the heap fits the container's limit")
}

func (h helper) set(out io.Writer, name, value string) {
	if err := execd.Set(out, name, value); err != nil {
		h.warning("setting %s: %s", name, err)
	}
}

// withAuthorities makes Node.js trust the system's authorities, unless the
// options already choose.
func withAuthorities(options string) string {
	for _, own := range []string{"--use-openssl-ca", "--use-bundled-ca", "--use-system-ca"} {
		if strings.Contains(dashed(options), own) {
			return options
		}
	}
	return add(options, "--use-openssl-ca")
}

// dashed returns the options with dashes for underscores: Node.js accepts both.
func dashed(options string) string { return strings.ReplaceAll(options, "_", "-") }

// heapPercent is how much of the memory the old space of the heap may take;
// the rest is for the young space, buffers, code and the stacks.
const heapPercent = 75

// withHeap sets the old-space size for a process that may use the given MiB,
// unless the user set a heap size in any form.
func withHeap(options string, mebibytes int64) string {
	for _, own := range []string{"--max-old-space-size", "--max-heap-size"} { // the first would override the second
		if strings.Contains(dashed(options), own) {
			return options
		}
	}
	return add(options, fmt.Sprintf("--max_old_space_size=%d", max(1, mebibytes*heapPercent/100)))
}

// withInspector lets a debugger connect, unless the options already configure
// the inspector. Without BPL_DEBUG_HOST it listens on loopback only.
func (h helper) withInspector(options string) string {
	if !h.enabled(debugEnabled, false, "no inspector") || strings.Contains(options, "--inspect") {
		return options
	}
	host, _ := h.lookup(debugHost)
	port, _ := h.lookup(debugPort)
	if _, err := strconv.ParseUint(port, 10, 16); port != "" && err != nil {
		h.warning("%s is %q, want a number below 65536: Node.js chooses the port", debugPort, port)
		port = ""
	}
	return add(options, inspect(host, port))
}

func inspect(host, port string) string {
	switch {
	case host == "" && port == "":
		return "--inspect"
	case host == "":
		host = "127.0.0.1"
	case port == "":
		port = "9229"
	}
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") { // IPv6
		host = "[" + host + "]"
	}
	return "--inspect=" + host + ":" + port
}

func add(options, option string) string {
	return strings.TrimSpace(options + " " + option)
}

func (h helper) warning(format string, arguments ...any) {
	fmt.Fprintf(h.warn, "WARNING: node-options: "+format+"\n", arguments...)
}
