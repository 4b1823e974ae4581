//go:build linux

package images

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/armature-cnb/armature/internal/failure"
)

// Registries configures access to registries. The zero value uses docker login's
// credentials, and https except for registries on this machine or in a private
// network.
type Registries struct {
	// Insecure are registries, HOST or HOST:PORT as in references, that may use
	// http or an untrusted certificate.
	Insecure []string

	// ChosenBy says who chose the references, if not armature's caller: "the
	// app's project.toml". Such references are never folders, and get no
	// credentials.
	ChosenBy string

	// Keychain has the credentials; nil means docker login's.
	Keychain authn.Keychain

	// Offline forbids requests for references that armature's caller did not
	// choose.
	Offline bool
}

// For returns the registries for references that armature's caller did not
// choose.
func (r Registries) For(chosenBy string) Registries {
	r.ChosenBy = chosenBy
	return r
}

// isLayout reports whether a reference is the folder of an OCI layout.
func (r Registries) isLayout(reference string) bool { return r.ChosenBy == "" && IsLayout(reference) }

// allowed returns an error if requests for a reference are forbidden.
func (r Registries) allowed(reference string) error {
	if r.ChosenBy == "" || !r.Offline {
		return nil
	}
	return &failure.Failure{
		ID: "reference-needs-network", Cause: fmt.Sprintf("%s names %s, which is in a registry, and --network is none", r.ChosenBy, reference),
		Remedy: "take it out or put a folder in its place, or build without --network none.",
	}
}

// reference parses a reference to a registry's image.
func (r Registries) reference(text string) (name.Reference, error) {
	if err := errors.Join(hasNoScheme(text), isNoPath(text)); err != nil {
		return nil, err
	}
	ref, err := name.ParseReference(text)
	if err == nil {
		err = hasPort(ref.Context().RegistryStr())
	}
	if err != nil || !slices.Contains(r.Insecure, ref.Context().RegistryStr()) {
		return ref, err
	}
	return name.ParseReference(text, name.Insecure)
}

// tag parses a name to push to.
func (r Registries) tag(text string) (name.Tag, error) {
	tag, err := ParseTag(text)
	if err != nil || !slices.Contains(r.Insecure, tag.RegistryStr()) {
		return tag, err
	}
	return name.NewTag(text, name.Insecure)
}

// options returns the options of a request.
func (r Registries) options(ctx context.Context, keys *keychain) []remote.Option {
	return []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(keys), remote.WithTransport(r.transport(keys.registry)), remote.WithRetryBackoff(retries)}
}

// retries is the backoff of the library's retries after temporary errors.
var retries = remote.Backoff{Duration: time.Second, Factor: 3, Jitter: 0.1, Steps: 3}

// transport returns the transport for requests to a registry.
func (r Registries) transport(registry string) http.RoundTripper {
	if slices.Contains(r.Insecure, registry) {
		return unverified
	}
	return verified
}

// The transports keep connections, so all requests share them.
var (
	verified   = newTransport(nil)
	unverified = newTransport(&tls.Config{InsecureSkipVerify: true}) // at the caller's request
)

// silence is how long a registry may neither send nor accept data before a
// request fails.
var silence = 2 * time.Minute

var dial = (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext

func newTransport(config *tls.Config) http.RoundTripper {
	t := remote.DefaultTransport.(*http.Transport).Clone()
	if config != nil {
		t.TLSClientConfig = config
	}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &watched{Conn: conn, silence: silence}, nil
	}
	return t
}

// watched is a connection that fails when no data moves. Only time in Read or
// Write counts: a slow disk is not the registry's fault.
type watched struct {
	net.Conn
	silence time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	w.SetDeadline(time.Now().Add(w.silence))
	n, err := w.Conn.Read(p)
	return n, w.named(err)
}

func (w *watched) Write(p []byte) (int, error) {
	w.SetDeadline(time.Now().Add(w.silence))
	n, err := w.Conn.Write(p)
	return n, w.named(err)
}

func (w *watched) named(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &silentError{w.RemoteAddr().String(), w.silence}
	}
	return err
}

// silentError is the error for a registry that does not answer. The library does
// not retry it, which would take as long again.
type silentError struct {
	address string
	after   time.Duration
}

func (e *silentError) Error() string {
	return fmt.Sprintf("%s has neither sent nor taken anything for %s", e.address, e.after)
}
func (e *silentError) Timeout() bool   { return true }
func (e *silentError) Temporary() bool { return false }

// during cancels requests with a context that the library does not know of.
type during struct {
	ctx  context.Context
	next http.RoundTripper
}

func (d during) RoundTrip(request *http.Request) (*http.Response, error) {
	return d.next.RoundTrip(request.WithContext(d.ctx))
}

// ofTLS returns the failure for a registry that does not support https, or has an
// untrusted certificate, or nil. Retrying does not help.
func ofTLS(doing string, err error) error {
	const remedy = "see that the registry's name and port are right; where they are, name it with --insecure-registry HOST, as the reference has it"
	var header tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	wasHTTP := errors.As(err, &header) && string(header.RecordHeader[:4]) == "HTTP" || strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
	askedBoth := strings.Contains(err.Error(), `"http://`) || strings.Contains(err.Error(), "GET http://")
	switch {
	case wasHTTP && !askedBoth:
		return &failure.Failure{ID: "registry-speaks-http", Cause: doing + ": the registry speaks http, and is asked over https", Err: err, Remedy: remedy + "."}
	case errors.As(err, &certificate):
		return &failure.Failure{ID: "registry-certificate", Cause: doing + ": nobody vouches for the registry's certificate", Err: err, Remedy: "add its authority to this machine's certificates, or name the file with SSL_CERT_FILE; " + remedy + "."}
	}
	return nil
}
