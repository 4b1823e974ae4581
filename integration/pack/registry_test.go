package integration_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/occam"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// registries installs a package of a private registry, over http and over
// https with an authority of its own.
func registries(t *testing.T, when spec.G, it spec.S) {
	var (
		Expect = gomega.NewWithT(t).Expect
		app    string
	)

	it.Before(func() {
		app = copyApp(t, "private/app")
	})

	build := func(bindings ...string) occam.PackBuild {
		build := packBuild(targets.LinuxARM64).WithNetwork("host")
		for _, dir := range bindings {
			build = build.WithVolumes(dir + ":/platform/bindings/" + filepath.Base(dir) + ":ro")
		}
		return build
	}

	when("the npmrc binding has a token that may read the package", func() {
		it("installs it, and leaves the token out of the image", func() {
			registry := privateRegistry(t)
			i := newImage(t)
			defer i.remove()
			built, logs, err := build(npmrcBinding(t, registry.url, registry.jane)).Execute(i.name, app)
			Expect(err).NotTo(HaveOccurred())
			answers(t, built, "Hello from the company")
			Expect(holds(t, built, "Hello from the company")).To(BeTrue(), "the search does not work")
			Expect(holds(t, built, registry.jane)).To(BeFalse())
			Expect(logs.String()).NotTo(ContainSubstring(registry.jane))
		})
	})

	when("there is no binding", func() {
		it("says that the package is not to be found, and that a token may be missing", func() {
			logs := fails(t, build(), app)
			Expect(logs).To(ContainSubstring("[package-not-found]"))
			Expect(logs).To(ContainSubstring("binding of the type npmrc"))
		})
	})

	when("the binding has no token", func() {
		it("says that the registry wants a login", func() {
			Expect(fails(t, build(npmrcBinding(t, privateRegistry(t).url, "")), app)).To(ContainSubstring("[npm-registry-unauthorized]"))
		})
	})

	when("the token may not read the package", func() {
		it("says that the registry refuses", func() {
			registry := privateRegistry(t)
			logs := fails(t, build(npmrcBinding(t, registry.url, registry.mallory)), app)
			Expect(logs).To(ContainSubstring("[npm-registry-forbidden]"))
			Expect(logs).NotTo(ContainSubstring(registry.mallory))
		})
	})

	when("the registry's certificate is of an authority of its own", func() {
		it("installs with a ca-certificates binding, and says what is missing without", func() {
			registry := privateRegistry(t)
			server := httptest.NewTLSServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				address, _ := url.Parse(registry.url)
				r.SetURL(address)
				r.Out.Host = r.In.Host
				r.SetXForwarded()
			}})
			defer server.Close()
			npmrc := npmrcBinding(t, server.URL, registry.jane)

			once := map[string]string{"NPM_CONFIG_FETCH_RETRIES": "0"} // or npm tries for 70 s
			Expect(fails(t, build(npmrc).WithEnv(once), app)).To(ContainSubstring("[ca-unknown]"))

			i := newImage(t)
			defer i.remove()
			built, _, err := build(npmrc, authorityBinding(t, server)).Execute(i.name, app)
			Expect(err).NotTo(HaveOccurred())
			answers(t, built, "Hello from the company")
		})
	})

	when("the app calls a server whose certificate is of an authority of its own", func() {
		it("trusts it with a ca-certificates binding, and only then", func() {
			server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			defer server.Close()
			binding := filepath.Dir(authorityBinding(t, server))
			call := fmt.Sprintf("fetch(%q).then(r => console.log(r.status), e => console.log(e.cause.code))", server.URL)
			for _, tg := range targets.All() {
				built := sharedImage(t, "server", tg)
				Expect(program(t, built, []string{"--network", "host"}, "node", "--eval", call)).To(Equal("DEPTH_ZERO_SELF_SIGNED_CERT"))
				Expect(program(t, built, []string{"--network", "host", "--read-only", "--volume", binding + ":/bindings:ro",
					"--env", "SERVICE_BINDING_ROOT=/bindings"}, "node", "--eval", call)).To(Equal("200"))
			}
		})
	})
}

// npmRegistry is an npm registry on loopback that holds @company/greeting.
type npmRegistry struct {
	url           string
	jane, mallory string // tokens: jane may read the package
}

var (
	startedRegistry *npmRegistry
	starting        sync.Mutex
)

// privateRegistry starts verdaccio for all tests, the first time it is asked
// for, and publishes the package. (verdaccio names node-fetch by a tag, which a
// mirror need not have: hence the override in its package.json.)
func privateRegistry(t *testing.T) npmRegistry {
	t.Helper()
	starting.Lock()
	defer starting.Unlock()
	if startedRegistry != nil {
		return *startedRegistry
	}
	dir := settings.suite.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../testdata/verdaccio")); err != nil {
		t.Fatal(err)
	}
	npm(t, dir, "ci", "--no-audit", "--no-fund")

	r := npmRegistry{url: closedPort(t)}
	verdaccio := exec.CommandContext(settings.suite.Context(), "node", "node_modules/verdaccio/bin/verdaccio",
		"--config", "config.yaml", "--listen", strings.TrimPrefix(r.url, "http://"))
	verdaccio.Dir = dir
	if err := verdaccio.Start(); err != nil {
		t.Fatal(err)
	}
	settings.suite.Cleanup(func() { verdaccio.Wait() })

	r.jane, r.mallory = r.newUser(t, "jane"), r.newUser(t, "mallory")
	npm(t, "../testdata/private/greeting", "publish", "--registry", r.url, r.tokenFlag(r.jane))
	startedRegistry = &r
	return r
}

// newUser returns the user's token.
func (r npmRegistry) newUser(t *testing.T, name string) string {
	t.Helper()
	var answer struct{ Token string }
	body := fmt.Sprintf(`{"name": %q, "password": "the password of %s"}`, name, name)
	deadline := time.Now().Add(time.Minute) // it may still be starting
	for answer.Token == "" {
		request, err := http.NewRequest(http.MethodPut, r.url+"/-/user/org.couchdb.user:"+name, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			err = json.NewDecoder(response.Body).Decode(&answer)
			response.Body.Close()
		}
		if err != nil && time.Now().After(deadline) {
			t.Fatalf("making the user %s: %v", name, err)
		}
		time.Sleep(200 * time.Millisecond)
	}
	return answer.Token
}

func (r npmRegistry) tokenFlag(token string) string {
	return "--" + strings.TrimPrefix(r.url, "http:") + "/:_authToken=" + token
}

// npm runs this machine's npm.
func npm(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("npm", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm %s: %v\n%s", args[0], err, out)
	}
}

// npmrcBinding writes a binding whose .npmrc says where the company's packages
// are and, unless it is empty, the token for that.
func npmrcBinding(t *testing.T, registry, token string) string {
	t.Helper()
	text := "@company:registry=" + registry + "/\n"
	if token != "" {
		_, host, _ := strings.Cut(registry, ":")
		text += host + "/:_authToken=" + token + "\n"
	}
	return binding(t, "npmrc", ".npmrc", text)
}

// authorityBinding writes a binding with the authority of a server's
// certificate, which is its own.
func authorityBinding(t *testing.T, server *httptest.Server) string {
	t.Helper()
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	return binding(t, "ca-certificates", "authority.pem", string(pem.EncodeToMemory(block)))
}

// binding writes a service binding with one entry, into a folder of its own,
// and returns its folder there.
func binding(t *testing.T, kind, entry, text string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a-"+kind)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "type", kind)
	write(t, dir, entry, text)
	return dir
}

// holds reports whether a text is anywhere in an image: in its files or in its
// configuration.
func holds(t *testing.T, built occam.Image, text string) bool {
	t.Helper()
	image := exported(t, built)
	rootFS := mutate.Extract(image)
	defer rootFS.Close()
	files, err := io.ReadAll(rootFS)
	if err != nil {
		t.Fatal(err)
	}
	config, err := image.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(files, []byte(text)) || bytes.Contains(config, []byte(text))
}
