package contract_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// static is the id of the buildpack for static sites.
const static = "armature/static-site"

func TestStaticSitePlan(t *testing.T) {
	for _, tc := range []struct {
		name  string
		files contents
		env   string
		want  string
	}{
		{"of a framework's site", contents{"package.json": `{"scripts":{"build":"vite build"},"devDependencies":{"vite":"7"}}`, "index.html": ""}, "A=", "node_modules build=true launch=false version= version-source="},
		{"of a folder that is named", contents{"package.json": `{"scripts":{"build":"make"}}`}, "BP_STATIC_ROOT=public", "node_modules build=true launch=false version= version-source="},
		{"of files alone", contents{"index.html": "x"}, "A=", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := newWorld(t, tc.files).set(tc.env).detect(static)
			equal(t, "status", out.Code, passed)
			equal(t, "provides", provided(out.PlanSections), "")
			equal(t, "requires", describeAll(out.Requires), tc.want)
		})
	}
	equal(t, "a server", newWorld(t, scripts(`"start":"node ."`)).detect(static).Code, notFor)
	equal(t, "nothing", newWorld(t, contents{"README": "x"}).detect(static).Code, notFor)
	equal(t, "a folder outside", newWorld(t, contents{"index.html": "x"}).set("BP_STATIC_ROOT=../x").detect(static).Code, failed)
}

func TestStaticSiteServes(t *testing.T) {
	w := newWorld(t, contents{"site/index.html": "hello", "src/secret": "x"}).set("BP_STATIC_ROOT=site")
	out := w.built(static)
	equal(t, "layers", w.flags(static), "compressed:cache server:launch site:launch")
	equal(t, "files of the app", names2(t, w.app), "")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	listener.Close()
	cmd := w.command(out.Processes[0])
	cmd.Dir, cmd.Env = w.app, append(cmd.Env, "PORT="+port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	got := ""
	for range 500 {
		response, err := http.Get("http://127.0.0.1:" + port + "/")
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		text, _ := io.ReadAll(response.Body)
		response.Body.Close()
		got = string(text)
		break
	}
	equal(t, "the page", got, "hello")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	equal(t, "status", statusOf(t, cmd.Wait()), 0)
}

func TestTheCompositeHasAGroupForFilesAlone(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "buildpacks", "nodejs", "buildpack.toml"))
	if err != nil {
		t.Fatal(err)
	}
	groups := strings.Split(string(text), "[[order]]")[1:]
	if len(groups) != 2 {
		t.Fatalf("got %d groups, want two", len(groups))
	}
	required, optional := 0, 0
	for _, one := range strings.Split(groups[1], "[[order.group]]")[1:] {
		if strings.Contains(one, "optional = true") {
			optional++
		} else {
			required++
		}
	}
	equal(t, "the second group", strings.Contains(groups[1], static) && strings.Contains(groups[1], systemPackages) && required == 1 && optional == 1, true)
}
