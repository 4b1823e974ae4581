//go:build linux

package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// scriptApp is an app with a build script, which sh runs, and a server.
func scriptApp(t *testing.T, script, server string) string {
	t.Helper()
	app := plainApp(t)
	writeFiles(t, app, map[string]string{
		"package.json": `{"name":"scripted","version":"1.0.0","scripts":{"start":"node server.js","build":"sh build.sh"}}`,
		"build.sh":     script, "server.js": server,
	})
	return app
}

// A fork bomb of at most 4,000 processes that retry for at most a minute.
const bomb = `cat >bomb.js <<'END'
const { spawn } = require("child_process");
let started = 0;
const more = () => {
  if (++started > 4000) return;
  spawn("sleep", ["30"], { stdio: "ignore" }).on("error", () => setTimeout(more, 50));
  setImmediate(more);
};
more();
setTimeout(() => process.exit(), 60000);
END
node bomb.js
`

func TestABuildThatUsesAllProcessesEndsWithAnID(t *testing.T) {
	for _, way := range []string{"user-namespace", "chroot"} {
		t.Run(way, func(t *testing.T) {
			adoptOrphans(t)
			u := newUser(t, 0)
			b := u.build(scriptApp(t, bomb, ""), "--tag", "bomb", "--sandbox", way, "--max-processes", "400")
			if strings.Contains(b.log, "[no-sandbox]") {
				t.Skipf("this machine refuses it: %s", b.log)
			}
			if b.status != 75 || !strings.Contains(b.log, "[out-of-processes]") {
				t.Errorf("got status %d, want 75\n%s", b.status, b.log)
			}
			waitForNone(t, "the build")
		})
	}
}

// A chain of forks, each of which moves into the next build's future folder.
const chain = `cat >chain.sh <<'END'
[ $1 -gt 20000 ] && exit
cd /cache
sh /workspace/chain.sh $(($1+1)) &
END
echo "a chain begins"
sh chain.sh 1
sleep 60
`

func TestAnInterruptedBuildInAChrootLeavesNoChainOfProcesses(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a chroot takes root")
	}
	adoptOrphans(t)
	u := newUser(t, 0)
	cmd := u.command(t.Context(), "build", scriptApp(t, chain, ""), "--tag", "chain", "--sandbox", "chroot", "--progress", "plain")
	log, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	for buffer := make([]byte, 4096); !strings.Contains(said, "a chain begins"); {
		n, err := log.Read(buffer)
		if said += string(buffer[:n]); err != nil {
			break
		}
	}
	time.Sleep(time.Second)
	cmd.Process.Signal(syscall.SIGINT)
	begin := time.Now()
	for buffer := make([]byte, 4096); ; {
		n, err := log.Read(buffer)
		if said += string(buffer[:n]); err != nil {
			break
		}
	}
	cmd.Wait()
	if strings.Contains(said, "[no-sandbox]") {
		t.Skipf("this machine refuses it: %s", said)
	}
	if cmd.ProcessState.ExitCode() != 130 || time.Since(begin) > 30*time.Second {
		t.Errorf("got status %d after %s, want 130 soon\n%s", cmd.ProcessState.ExitCode(), time.Since(begin), said)
	}
	waitForNone(t, "the build")
	if kept, _ := filepath.Glob(u.cache() + "/builds/*/cache"); len(kept) == 0 {
		t.Errorf("the cache was not moved back: it could not be known that nobody is left\n%s", said)
	}
}

func TestAnImageRunsWithVolumesAndFoldersInMemory(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	const server = `const fs = require("fs"), dns = require("dns");
for (const path of ["/data/x", "/memory/x", "/workspace/x"]) {
  try { fs.writeFileSync(path, "x"); console.log(path, "done") } catch (e) { console.log(path, e.code) }
}
fs.writeFileSync("/dev/stdout", "through /dev/stdout\n");
dns.lookup(process.env.HOSTNAME, (error, address) => { console.log(process.env.HOME, error && error.code); process.exit(3) });
`
	u.must(scriptApp(t, "", server), "--tag", "writer", "--platform", host(t).String())
	data := filepath.Join(u.home, "data")
	if err := os.Mkdir(data, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(data, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, options := range [][]string{{"--volume", data + ":/data", "--tmpfs", "/memory"}, {"--volume", data + ":/data", "--tmpfs", "/memory", "--network", "none", "--sandbox", "user-namespace"}} {
		cmd := u.command(t.Context(), append(append([]string{"run"}, options...), "writer")...)
		out, _ := cmd.Output()
		want := "/data/x done\n/memory/x done\n/workspace/x EROFS\nthrough /dev/stdout\n/home/cnb null\n"
		if string(out) != want || cmd.ProcessState.ExitCode() != 3 {
			t.Errorf("%q: got %q, status %d, want %q", options, out, cmd.ProcessState.ExitCode(), want)
		}
	}
	if text, err := os.ReadFile(data + "/x"); string(text) != "x" {
		t.Errorf("the folder has %q, %v", text, err)
	}
}
