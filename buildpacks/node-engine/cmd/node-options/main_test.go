package main // a command cannot be imported, and its root folder is not the user's to choose

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// container is the files and variables that a container starts with.
type container struct {
	files map[string]string
	env   map[string]string
	cpus  int // processors; 0 for 4
}

// start runs the helper in a container, and returns the variables that it
// sets and what it says.
func (c container) start(t *testing.T) (map[string]string, string) {
	t.Helper()
	root := t.TempDir()
	for name, text := range c.files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, says bytes.Buffer
	if c.cpus == 0 {
		c.cpus = 4
	}
	h := helper{root: root, cpus: c.cpus, warn: &says, lookup: func(name string) (string, bool) { v, ok := c.env[name]; return v, ok }}
	h.run(&out)
	set := map[string]string{}
	if _, err := toml.Decode(out.String(), &set); err != nil {
		t.Fatalf("%s\n%s", err, out.String())
	}
	return set, says.String()
}

// v2 and v1 are containers with a limit; "" leaves the file out.
func v2(limit string) map[string]string {
	return map[string]string{
		"sys/fs/cgroup/cgroup.controllers": "memory", "sys/fs/cgroup/memory.max": limit + "\n", "proc/self/cgroup": "0::/\n",
	}
}

func v1(limit string) map[string]string {
	return map[string]string{
		"sys/fs/cgroup/memory/memory.limit_in_bytes": limit + "\n", "proc/self/cgroup": "5:cpu,cpuacct:/\n4:memory:/\n",
	}
}

// with adds files to a container's.
func with(files map[string]string, pairs ...string) map[string]string {
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = pairs[i+1]
	}
	return files
}

func TestMemory(t *testing.T) {
	for _, tc := range []struct {
		name    string
		files   map[string]string
		env     map[string]string
		want    string // MEMORY_AVAILABLE; "" when it is not set
		warning bool
	}{
		{name: "a limit of version 2", files: v2("536870912"), want: "512"},
		{name: "no limit of version 2", files: v2("max")},
		{name: "an empty file", files: v2("")},
		{name: "a file that holds a word", files: v2("much")},
		{name: "no files at all"},
		{name: "a limit of version 1", files: v1("268435456"), want: "256"},
		{name: "version 1's way to say that there is no limit", files: v1("9223372036854771712")},
		{
			name: "a smaller limit of a group further in", want: "128",
			files: with(v2("536870912"), "proc/self/cgroup", "0::/a/b\n", "sys/fs/cgroup/a/memory.max", "134217728", "sys/fs/cgroup/a/b/memory.max", "max"),
		},
		{
			name: "a smaller limit of a group further out", want: "128",
			files: with(v2("max"), "proc/self/cgroup", "0::/a/b\n", "sys/fs/cgroup/a/memory.max", "134217728", "sys/fs/cgroup/a/b/memory.max", "536870912"),
		},
		{
			name: "a group that cannot be seen from inside", want: "512",
			files: with(v2("536870912"), "proc/self/cgroup", "0::/docker/abc\n"),
		},
		{
			name: "a limit that version 1 works out from groups that cannot be seen", want: "64",
			files: with(v1("268435456"), "sys/fs/cgroup/memory/memory.stat", "cache 0\nhierarchical_memory_limit 67108864\n"),
		},
		{
			name: "a group of version 1", want: "32",
			files: with(v1("268435456"), "proc/self/cgroup", "4:memory:/docker/abc\n0::/\n", "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "33554432"),
		},
		{name: "less than a MiB", files: v2("1000")},
		{name: "the user's own, in MiB", files: v2("536870912"), env: map[string]string{"MEMORY_AVAILABLE": "2048"}, want: "2048"},
		{name: "the user's own, in bytes", files: v2("536870912"), env: map[string]string{"MEMORY_AVAILABLE": "2147483648"}, want: "2048"},
		{name: "the user's own, empty", files: v2("536870912"), env: map[string]string{"MEMORY_AVAILABLE": ""}, want: "512"},
		{name: "the user's own, a word", env: map[string]string{"MEMORY_AVAILABLE": "much"}, warning: true},
		{name: "the user's own, below zero", env: map[string]string{"MEMORY_AVAILABLE": "-1"}, warning: true},
		{name: "the limit for a word of the user's", files: v2("536870912"), env: map[string]string{"MEMORY_AVAILABLE": "much"}, want: "512", warning: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := map[string]string{"NODE_OPTIONS": "--use-openssl-ca", "BPL_NODE_OPTIMIZE_MEMORY": "false"}
			maps.Copy(env, tc.env)
			set, says := container{files: tc.files, env: env}.start(t)
			if set["MEMORY_AVAILABLE"] != tc.want {
				t.Errorf("got %v, want %q", set, tc.want)
			}
			if (says != "") != tc.warning {
				t.Errorf("it says %q", says)
			}
			if set["NODE_OPTIONS"] != "" {
				t.Errorf("it changes the options although nobody asked: %v", set)
			}
		})
	}
}

func TestNodeOptions(t *testing.T) {
	heap := map[string]string{"OPTIMIZE_MEMORY": "true"}
	debug := map[string]string{"BPL_DEBUG_ENABLED": "true"}
	for _, tc := range []struct {
		name          string
		limit         string
		env           map[string]string
		more          map[string]string
		want, warning string // want is "" when the options stay as they are
	}{
		{name: "a heap of three quarters", limit: "536870912", env: heap, want: "--use-openssl-ca --max_old_space_size=384"},
		{name: "a heap for any value of the variable", limit: "536870912", env: map[string]string{"OPTIMIZE_MEMORY": ""}, want: "--use-openssl-ca --max_old_space_size=384"},
		{name: "a heap behind other options", limit: "536870912", env: heap, more: map[string]string{"NODE_OPTIONS": "--use-openssl-ca"}, want: "--use-openssl-ca --max_old_space_size=384"},
		{name: "a heap of at least something", limit: "1048576", env: heap, want: "--use-openssl-ca --max_old_space_size=1"},
		{name: "no heap without a limit", limit: "max", env: heap},
		{name: "the user's own heap", limit: "536870912", env: heap, more: map[string]string{"NODE_OPTIONS": "--max-old-space-size=100"}, want: "--max-old-space-size=100 --use-openssl-ca"},
		{name: "the user's own heap with underscores", limit: "536870912", env: heap, more: map[string]string{"NODE_OPTIONS": "--max_old_space_size=100"}, want: "--max_old_space_size=100 --use-openssl-ca"},
		{name: "the user's own heap as a percentage", limit: "536870912", env: heap, more: map[string]string{"NODE_OPTIONS": "--use-bundled-ca --max-old-space-size-percentage=50"}},
		{name: "the user's own heap, as a whole", limit: "536870912", env: heap, more: map[string]string{"NODE_OPTIONS": "--use-openssl-ca --max_heap_size=100"}},
		{name: "the inspector", limit: "max", env: debug, want: "--use-openssl-ca --inspect"},
		{name: "the inspector for 1", limit: "max", env: map[string]string{"BPL_DEBUG_ENABLED": "1"}, want: "--use-openssl-ca --inspect"},
		{name: "no inspector for false", limit: "max", env: map[string]string{"BPL_DEBUG_ENABLED": "false"}},
		{name: "no inspector for a word", limit: "max", env: map[string]string{"BPL_DEBUG_ENABLED": "yes"}, warning: `BPL_DEBUG_ENABLED is "yes"`},
		{name: "the inspector on a port of the loopback", limit: "max", env: debug, more: map[string]string{"BPL_DEBUG_PORT": "9230"}, want: "--use-openssl-ca --inspect=127.0.0.1:9230"},
		{name: "the inspector on every address", limit: "max", env: debug, more: map[string]string{"BPL_DEBUG_HOST": "0.0.0.0"}, want: "--use-openssl-ca --inspect=0.0.0.0:9229"},
		{name: "the inspector on an address and port", limit: "max", env: debug, more: map[string]string{"BPL_DEBUG_HOST": "0.0.0.0", "BPL_DEBUG_PORT": "9230"}, want: "--use-openssl-ca --inspect=0.0.0.0:9230"},
		{name: "a port that is none", limit: "max", env: debug, more: map[string]string{"BPL_DEBUG_PORT": "99999"}, want: "--use-openssl-ca --inspect", warning: `BPL_DEBUG_PORT is "99999"`},
		{name: "the user's own inspector", limit: "max", env: debug, more: map[string]string{"NODE_OPTIONS": "--use-openssl-ca --inspect-brk"}},
		{name: "the system's authorities beside the user's options", limit: "max", env: map[string]string{"NODE_OPTIONS": "--enable-source-maps"}, want: "--enable-source-maps --use-openssl-ca"},
		{name: "the system's authorities beside nothing", limit: "max", env: map[string]string{"NODE_OPTIONS": ""}, want: "--use-openssl-ca"},
		{name: "other authorities of the user's", limit: "max", env: map[string]string{"NODE_OPTIONS": "--use-bundled-ca"}},
		{name: "the system's in newer words", limit: "max", env: map[string]string{"NODE_OPTIONS": "--use-system-ca"}},
		{name: "the system's with underscores", limit: "max", env: map[string]string{"NODE_OPTIONS": "--use_openssl_ca"}},
		{name: "a heap within the limit, whatever the user says there is", limit: "536870912", env: heap, more: map[string]string{"MEMORY_AVAILABLE": "2048"}, want: "--use-openssl-ca --max_old_space_size=384"},
		{name: "a heap of what the user says there is, below the limit", limit: "536870912", env: heap, more: map[string]string{"MEMORY_AVAILABLE": "256"}, want: "--use-openssl-ca --max_old_space_size=192"},
		{name: "a heap of what the user says there is, without a limit", limit: "max", env: heap, more: map[string]string{"MEMORY_AVAILABLE": "256"}, want: "--use-openssl-ca --max_old_space_size=192"},
		{name: "a heap for each of the processes", limit: "536870912", env: heap, more: map[string]string{"WEB_CONCURRENCY": "2"}, want: "--use-openssl-ca --max_old_space_size=192"},
		{name: "the inspector on an address of version 6", limit: "max", env: debug, more: map[string]string{"BPL_DEBUG_HOST": "::"}, want: "--use-openssl-ca --inspect=[::]:9229"},
		{name: "a heap of three quarters by itself", limit: "536870912", want: "--use-openssl-ca --max_old_space_size=384"},
		{name: "a heap by itself where Node.js would take more than there is", limit: "134217728", want: "--use-openssl-ca --max_old_space_size=96"},
		{name: "no heap by itself without a limit", limit: "max"},
		{name: "no heap by itself beside the user's own", limit: "536870912", env: map[string]string{"NODE_OPTIONS": "--use-openssl-ca --max-old-space-size=100"}},
		{name: "no heap by itself where the user says how much memory there is", limit: "536870912", env: map[string]string{"MEMORY_AVAILABLE": "256"}},
		{name: "no heap by itself when that is switched off", limit: "536870912", env: map[string]string{"BPL_NODE_OPTIMIZE_MEMORY": "false"}},
		{name: "a heap that is asked for, whatever else is switched off", limit: "536870912", env: heap, more: map[string]string{"BPL_NODE_OPTIMIZE_MEMORY": "false"}, want: "--use-openssl-ca --max_old_space_size=384"},
		{name: "a heap by itself for a word", limit: "536870912", env: map[string]string{"BPL_NODE_OPTIMIZE_MEMORY": "maybe"}, want: "--use-openssl-ca --max_old_space_size=384", warning: `BPL_NODE_OPTIMIZE_MEMORY is "maybe"`},
		{name: "a heap by itself for each of the processes", limit: "536870912", env: map[string]string{"WEB_CONCURRENCY": "2"}, want: "--use-openssl-ca --max_old_space_size=192"},
		{name: "both", limit: "536870912", env: heap, more: debug, want: "--use-openssl-ca --max_old_space_size=384 --inspect"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := map[string]string{"NODE_OPTIONS": "--use-openssl-ca"} // as the layer has it
			maps.Copy(env, tc.env)
			maps.Copy(env, tc.more)
			set, says := container{files: v2(tc.limit), env: env}.start(t)
			if set["NODE_OPTIONS"] != tc.want {
				t.Errorf("got %q, want %q", set["NODE_OPTIONS"], tc.want)
			}
			if !strings.Contains(says, tc.warning) || (says != "") != (tc.warning != "") {
				t.Errorf("it says %q, want %q", says, tc.warning)
			}
		})
	}
}

func TestWebConcurrency(t *testing.T) {
	const gibibytes4 = "4294967296"
	on := map[string]string{"BPL_WEB_CONCURRENCY_ENABLED": "true"}
	for _, tc := range []struct {
		name    string
		files   map[string]string
		env     map[string]string
		more    map[string]string
		want    string // "" when it is not set
		warning bool
	}{
		{name: "nothing unless asked", files: v2(gibibytes4)},
		{name: "nothing for false", files: v2(gibibytes4), env: map[string]string{"BPL_WEB_CONCURRENCY_ENABLED": "false"}},
		{name: "nothing for a word", files: v2(gibibytes4), env: map[string]string{"BPL_WEB_CONCURRENCY_ENABLED": "yes"}, warning: true},
		{name: "as many as processors", files: v2(gibibytes4), env: on, want: "4"},
		{name: "as many as there is memory for", files: v2("1073741824"), env: on, want: "2"},
		{name: "one in little memory", files: v2("134217728"), env: on, want: "1"},
		{name: "as many as processors without a limit", files: v2("max"), env: on, want: "4"},
		{name: "without any file", env: on, want: "4"},
		{name: "by the memory that each takes", files: v2("1073741824"), env: on, more: map[string]string{"WEB_MEMORY": "1024"}, want: "1"},
		{name: "by 512 MiB for a word", files: v2("1073741824"), env: on, more: map[string]string{"WEB_MEMORY": "much"}, want: "2", warning: true},
		{name: "a quota of processors, rounded up", files: with(v2(gibibytes4), "sys/fs/cgroup/cpu.max", "150000 100000\n"), env: on, want: "2"},
		{name: "no quota of processors", files: with(v2(gibibytes4), "sys/fs/cgroup/cpu.max", "max 100000\n"), env: on, want: "4"},
		{name: "a quota of a group further in", files: with(v2(gibibytes4), "proc/self/cgroup", "0::/a\n", "sys/fs/cgroup/a/cpu.max", "50000 100000\n"), env: on, want: "1"},
		{
			name: "a quota of version 1", env: on, want: "3",
			files: with(v1(gibibytes4), "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
		},
		{name: "no quota of version 1", files: with(v1(gibibytes4), "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"), env: on, want: "4"},
		{name: "the user's own", files: v2(gibibytes4), env: on, more: map[string]string{"WEB_CONCURRENCY": "9"}},
		{name: "the user's own word", files: v2(gibibytes4), env: on, more: map[string]string{"WEB_CONCURRENCY": "auto"}, warning: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			env := maps.Clone(tc.more)
			if env == nil {
				env = map[string]string{}
			}
			maps.Copy(env, tc.env)
			set, says := container{files: tc.files, env: env}.start(t)
			if set["WEB_CONCURRENCY"] != tc.want {
				t.Errorf("got %q, want %q", set["WEB_CONCURRENCY"], tc.want)
			}
			if (says != "") != tc.warning {
				t.Errorf("it says %q", says)
			}
		})
	}
}

func TestTheHeapsOfAllProcessesFitTheLimit(t *testing.T) {
	env := map[string]string{"OPTIMIZE_MEMORY": "true", "BPL_WEB_CONCURRENCY_ENABLED": "true"}
	set, _ := container{files: v2("1073741824"), env: env, cpus: 8}.start(t)
	if set["WEB_CONCURRENCY"] != "2" || set["NODE_OPTIONS"] != "--use-openssl-ca --max_old_space_size=384" {
		t.Errorf("got %v", set)
	}
}
