package npmregistry_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/npmregistry"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// proxyRows are settings, the environment, an address, and the proxy for it.
var proxyRows = []struct {
	name, npmrc string
	env         environ.List
	address     string
	want        string
}{
	{"nothing", "", nil, "https://r.example/a", ""},
	{"the environment", "", environ.List{"HTTPS_PROXY=http://p.example:1/"}, "https://r.example/a", "http://p.example:1/"},
	{"in small letters", "", environ.List{"https_proxy=http://p.example:1/"}, "https://r.example/a", "http://p.example:1/"},
	{"for http only", "", environ.List{"HTTP_PROXY=http://p.example:1/"}, "https://r.example/a", ""},
	{"for http", "", environ.List{"HTTP_PROXY=http://p.example:1/"}, "http://r.example/a", "http://p.example:1/"},
	{"that of https goes first", "", environ.List{"HTTP_PROXY=http://p.example:1/", "HTTPS_PROXY=http://s.example:1/"}, "http://r.example/a", "http://s.example:1/"},
	{"PROXY", "", environ.List{"PROXY=http://p.example:1/"}, "http://r.example/a", "http://p.example:1/"},
	{"not for a host", "", environ.List{"HTTPS_PROXY=http://p.example:1/", "NO_PROXY=r.example"}, "https://r.example/a", ""},
	{"not for an end", "", environ.List{"HTTPS_PROXY=http://p.example:1/", "no_proxy=x.test, .example"}, "https://a.r.example/a", ""},
	{"another host", "", environ.List{"HTTPS_PROXY=http://p.example:1/", "NO_PROXY=r.example"}, "https://other-r.example/a", "http://p.example:1/"},
	{"a host with a port", "", environ.List{"HTTPS_PROXY=http://p.example:1/", "NO_PROXY=r.example:443"}, "https://r.example/a", "http://p.example:1/"},
	{"this machine", "", environ.List{"HTTP_PROXY=http://p.example:1/"}, "http://127.0.0.1:4873/a", "http://p.example:1/"},
	{"a setting", "proxy=http://p.example:1/", nil, "https://r.example/a", "http://p.example:1/"},
	{"a setting before the environment", "https-proxy=http://p.example:1/", environ.List{"HTTPS_PROXY=http://e.example:1/"}, "http://r.example/a", "http://p.example:1/"},
	{"https-proxy before proxy", "proxy=http://a.example:1/\nhttps-proxy=http://p.example:1/", nil, "http://r.example/a", "http://p.example:1/"},
	{"switched off", "proxy=false\nhttps-proxy=null", environ.List{"HTTPS_PROXY=http://p.example:1/"}, "https://r.example/a", "http://p.example:1/"},
	{"noproxy", "proxy=http://p.example:1/\nnoproxy=r.example,b.example", nil, "https://r.example/a", ""},
	{"noproxy before the environment", "proxy=http://p.example:1/\nnoproxy=b.example", environ.List{"NO_PROXY=r.example"}, "https://r.example/a", "http://p.example:1/"},
}

func config(t *testing.T, text string) *npmrc.Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".npmrc"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := npmrc.Load(npmrc.Sources{Environ: environ.List{}, ProjectDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestProxy(t *testing.T) {
	for _, row := range proxyRows {
		t.Run(row.name, func(t *testing.T) {
			proxy, err := npmregistry.Proxy(config(t, row.npmrc), row.env)
			if err != nil {
				t.Fatal(err)
			}
			request, err := http.NewRequest(http.MethodGet, row.address, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := proxy(request)
			if err != nil || got == nil && row.want != "" || got != nil && got.String() != row.want {
				t.Errorf("got %v, %v, want %q", got, err, row.want)
			}
		})
	}
}

func TestAProxyThatIsNone(t *testing.T) {
	for _, text := range []string{"proxy=socks5://p.example:1", "https-proxy=p.example:1", "proxy=http://user:secret@:x"} {
		if _, err := npmregistry.Proxy(config(t, text), nil); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// agentSays asks npm's own modules.
const agentSays = `
const npm = process.argv[1], rows = JSON.parse(process.argv[2])
const path = npm + '/node_modules/@npmcli/agent/lib/proxy.js'
const keep = process.env
console.log(JSON.stringify(rows.map(({ settings, env, address }) => {
  process.env = env
  delete require.cache[require.resolve(path)]
  const { getProxy } = require(path)
  const found = getProxy(address, { proxy: settings['https-proxy'] || settings.proxy, noProxy: settings.noproxy })
  process.env = keep
  return found ? found.href : ''
})))
`

func TestTheTableOfProxiesIsWhatNPMSays(t *testing.T) {
	npm, err := filepath.EvalSymlinks(tier.Program(t, "npm"))
	if err != nil || filepath.Base(npm) != "npm-cli.js" {
		t.Skipf("the program npm is not npm's own: %s, %v", npm, err)
	}
	if npm = filepath.Dir(filepath.Dir(npm)); exec.Command("test", "-f", filepath.Join(npm, "node_modules/@npmcli/agent/lib/proxy.js")).Run() != nil {
		t.Skip("this npm has no agent of its own")
	}
	var rows []map[string]any
	for _, row := range proxyRows {
		settings, env := map[string]string{}, map[string]string{}
		for line := range strings.SplitSeq(row.npmrc, "\n") {
			if name, value, _ := strings.Cut(line, "="); value != "null" && value != "false" {
				settings[name] = value
			}
		}
		for _, pair := range row.env {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		rows = append(rows, map[string]any{"settings": settings, "env": env, "address": row.address})
	}
	text, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command("node", "--eval", agentSays, npm, string(text)).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %s", err, output)
	}
	var says []string
	if err := json.Unmarshal(output, &says); err != nil {
		t.Fatal(err)
	}
	for i, row := range proxyRows {
		if says[i] != row.want {
			t.Errorf("%s: npm says %q, the table %q", row.name, says[i], row.want)
		}
	}
}
