package authorities_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/testing/testprogram"
)

// program is the helper that all of node-engine's variables come from,
// compiled as it is packaged.
var program = testprogram.Program{Source: "../../cmd/node-options"}

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// run starts the helper as the launcher does, and returns the variables for
// authorities that it sets, and its output.
func run(t *testing.T, env ...string) (map[string]string, string) {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var says bytes.Buffer
	cmd := exec.CommandContext(soon(t), program.Path(t))
	cmd.Env, cmd.Stderr, cmd.ExtraFiles = env, &says, []*os.File{writer}
	err = cmd.Run()
	writer.Close()
	if err != nil {
		t.Fatalf("it keeps the container from starting: %s\n%s", err, says.String())
	}
	set := map[string]string{}
	if _, err := toml.NewDecoder(reader).Decode(&set); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"NODE_OPTIONS", "MEMORY_AVAILABLE"} {
		delete(set, name)
	}
	return set, says.String()
}

// soon returns a context with a time-out, so that no program hangs.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// authority is a certificate authority that signs for 127.0.0.1.
type authority struct {
	pem  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:  x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{pem: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), cert: cert, key: key}
}

// serve starts a server whose certificate the authority signed.
func (a authority) serve(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// bind writes a binding below root: its type, and "<entry>=<content>".
func bind(t *testing.T, root, name, bindingType string, entries map[string]string) {
	t.Helper()
	dir := filepath.Join(root, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for entry, text := range entries {
		if err := os.WriteFile(filepath.Join(dir, entry), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "type"), []byte(bindingType), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWithoutBindingsItSetsNothing(t *testing.T) {
	root := t.TempDir()
	bind(t, root, "registry", "npmrc", map[string]string{".npmrc": "a=b"})
	for name, env := range map[string][]string{
		"no root":           nil,
		"no such root":      {"SERVICE_BINDING_ROOT=" + root + "/not"},
		"other bindings":    {"SERVICE_BINDING_ROOT=" + root},
		"an odd root":       {"SERVICE_BINDING_ROOT=[*"},
		"root is no folder": {"SERVICE_BINDING_ROOT=/dev/null"},
	} {
		if set, says := run(t, env...); len(set) != 0 || says != "" {
			t.Errorf("%s: got %v, %s", name, set, says)
		}
	}
}

func TestOneFileIsUsedWhereItLies(t *testing.T) {
	root := filepath.Join(t.TempDir(), `odd "name" [*] é`)
	bind(t, root, "company", "ca-certificates\n", map[string]string{"root.pem": newAuthority(t, "a").pem, "provider": "us", "..data": "no"})
	set, says := run(t, "SERVICE_BINDING_ROOT="+root)
	if want := filepath.Join(root, "company", "root.pem"); set["NODE_EXTRA_CA_CERTS"] != want || says != "" {
		t.Errorf("got %v, %s, want %s", set, says, want)
	}
}

func TestSeveralFilesBecomeOne(t *testing.T) {
	a, b := newAuthority(t, "a"), newAuthority(t, "b")
	root, temp := t.TempDir(), t.TempDir()
	bind(t, root, "one", "ca-certificates", map[string]string{"a.pem": strings.TrimSpace(a.pem)})
	bind(t, root, "two", "CA-Certificates", map[string]string{"b.pem": b.pem})
	set, says := run(t, "SERVICE_BINDING_ROOT="+root, "TMPDIR="+temp)
	path := set["NODE_EXTRA_CA_CERTS"]
	if filepath.Dir(path) != temp || says != "" {
		t.Fatalf("got %v, %s", set, says)
	}
	text, err := os.ReadFile(path)
	if err != nil || string(text) != a.pem+b.pem {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestABadFileIsLeftOutWithAWarning(t *testing.T) {
	root := t.TempDir()
	bind(t, root, "company", "ca-certificates", map[string]string{"bad.pem": "trust me", "good.pem": newAuthority(t, "a").pem})
	set, says := run(t, "SERVICE_BINDING_ROOT="+root)
	if set["NODE_EXTRA_CA_CERTS"] != filepath.Join(root, "company", "good.pem") {
		t.Errorf("got %v", set)
	}
	if !strings.Contains(says, "WARNING") || !strings.Contains(says, "bad.pem is not used: it has no PEM block") {
		t.Errorf("it says %q", says)
	}
}

func TestTheUsersOwnFileStays(t *testing.T) {
	root := t.TempDir()
	bind(t, root, "company", "ca-certificates", map[string]string{"a.pem": newAuthority(t, "a").pem})
	set, says := run(t, "SERVICE_BINDING_ROOT="+root, "NODE_EXTRA_CA_CERTS=/own.pem")
	if len(set) != 0 || !strings.Contains(says, "NODE_EXTRA_CA_CERTS is set to /own.pem") {
		t.Errorf("got %v, %s", set, says)
	}
}

func TestWithoutDescriptor3ItStillEndsWell(t *testing.T) {
	root := t.TempDir()
	bind(t, root, "company", "ca-certificates", map[string]string{"a.pem": newAuthority(t, "a").pem})
	cmd := exec.CommandContext(soon(t), program.Path(t))
	cmd.Env = []string{"SERVICE_BINDING_ROOT=" + root}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "WARNING") {
		t.Errorf("got %v, %s", err, out)
	}
}

func TestItIsSmall(t *testing.T) {
	info, err := os.Stat(program.Path(t))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 5<<20 {
		t.Errorf("got %d bytes, want at most 5 MiB", info.Size())
	}
}

// Node.js itself reads the variable: it trusts the authorities of all bindings,
// and no others.
func TestNodeTrustsTheAuthorities(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("there is no node here to try it with")
	}
	a, b, stranger := newAuthority(t, "a"), newAuthority(t, "b"), newAuthority(t, "stranger")
	root := t.TempDir()
	bind(t, root, "one", "ca-certificates", map[string]string{"a.pem": a.pem})
	bind(t, root, "two", "ca-certificates", map[string]string{"b.pem": b.pem})
	set, _ := run(t, "SERVICE_BINDING_ROOT="+root, "TMPDIR="+t.TempDir())
	extra := "NODE_EXTRA_CA_CERTS=" + set["NODE_EXTRA_CA_CERTS"]
	for _, tc := range []struct {
		name, url string
		env       []string
		want      string
	}{
		{name: "the first binding's", url: a.serve(t), env: []string{extra}, want: "200"},
		{name: "the second binding's", url: b.serve(t), env: []string{extra}, want: "200"},
		{name: "with the system's authorities", url: b.serve(t), env: []string{extra, "NODE_OPTIONS=--use-openssl-ca"}, want: "200"},
		{name: "not without the variable", url: a.serve(t), want: "UNABLE_TO_VERIFY_LEAF_SIGNATURE"},
		{name: "not a stranger's", url: stranger.serve(t), env: []string{extra}, want: "UNABLE_TO_VERIFY_LEAF_SIGNATURE"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cmd := exec.CommandContext(soon(t), node, "-e", `const done = x => { console.log(x); process.exit() }
				require("https").get(process.argv[1], r => done(r.statusCode)).on("error", e => done(e.code))`, tc.url)
			cmd.Env = tc.env
			out, err := cmd.CombinedOutput()
			if err != nil || strings.TrimSpace(string(out)) != tc.want {
				t.Errorf("got %v, %s, want %s", err, out, tc.want)
			}
		})
	}
}
