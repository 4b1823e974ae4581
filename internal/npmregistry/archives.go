package npmregistry

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/download/fetch"
)

// connections is how many archives are asked for at a time of one host.
const connections = 32

// Archives is a folder of archives, by their checksums, that gets missing ones from
// a registry. It is safe for concurrent use, also by several processes.
type Archives struct {
	Dir      string
	Registry *Registry
	Offline  bool   // it gets none from the registry
	Shown    string // the platform's folder of archives, see [Shown]; may be missing
	client   *fetch.Client
}

// Wanted says which archive a package needs.
type Wanted struct {
	Name, Version string
	Address       string // in the lockfile; may be empty
	Checksum      checksum.Checksum
}

// NewArchives returns the archives in a folder. Roots are the certificate
// authorities to trust; nil for the system's.
func NewArchives(dir string, registry *Registry, roots *x509.CertPool) *Archives {
	client := fetch.New(roots)
	client.MaxBytes = 4 << 30
	if transport, ok := client.HTTP.Transport.(*http.Transport); ok {
		transport.MaxIdleConnsPerHost, transport.MaxConnsPerHost = connections, connections
	}
	return &Archives{Dir: dir, Registry: registry, client: client}
}

// UseProxy replaces the proxies of the environment by those of a function.
func (a *Archives) UseProxy(proxy func(*http.Request) (*url.URL, error)) {
	if transport, ok := a.client.HTTP.Transport.(*http.Transport); ok {
		transport.Proxy = proxy
	}
}

// Close ends the connections to the registry.
func (a *Archives) Close() { a.client.HTTP.CloseIdleConnections() }

// Path returns where an archive is kept: as in the contents of npm's cache, so that
// npm finds it there, too.
func (a *Archives) Path(sum checksum.Checksum) string {
	return filepath.Join(a.Dir, sum.Algorithm, sum.Hex[:2], sum.Hex[2:4], sum.Hex[4:])
}

// Get returns the path of an archive, whose checksum is right. Errors are those of
// [fetch.Client.Download].
func (a *Archives) Get(ctx context.Context, w Wanted) (string, error) {
	path := a.Path(w.Checksum)
	if err := w.Checksum.Verify(path); err == nil {
		return path, nil
	}
	if taken, err := a.take(w.Checksum); taken || err != nil {
		return path, err
	}
	if a.Offline {
		return "", fmt.Errorf("the archive of %s@%s is not in the cache, and the network may not be used", w.Name, w.Version)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	at, err := a.Registry.Archive(w.Name, w.Version, w.Address)
	if err != nil {
		return "", err
	}
	err = a.download(ctx, w, at, path)
	var status *fetch.StatusError
	var mismatch *checksum.MismatchError
	if w.Address == "" && (errors.As(err, &status) || errors.As(err, &mismatch)) {
		// This registry may have its archives elsewhere.
		at, described := a.described(ctx, w)
		if described != nil {
			return "", errors.Join(err, described)
		}
		err = a.download(ctx, w, at, path)
	}
	return path, err
}

func (a *Archives) download(ctx context.Context, w Wanted, at *url.URL, path string) error {
	return a.client.Download(ctx, fetch.File{URL: at, Header: a.header(w.Name, at), Checksum: w.Checksum}, path)
}

func (a *Archives) header(name string, at *url.URL) http.Header {
	header := http.Header{}
	if authorization := a.Registry.Authorization(name, at); authorization != "" {
		header.Set("Authorization", authorization)
	}
	return header
}

// described asks the registry for the address of a package's archive.
func (a *Archives) described(ctx context.Context, w Wanted) (*url.URL, error) {
	at, err := a.Registry.Document(w.Name)
	if err != nil {
		return nil, err
	}
	header := a.header(w.Name, at)
	header.Set("Accept", "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*")
	text, err := a.client.Read(ctx, fetch.File{URL: at, Header: header})
	if err != nil {
		return nil, err
	}
	var document struct {
		Versions map[string]struct {
			Dist struct {
				Tarball string `json:"tarball"`
			} `json:"dist"`
		} `json:"versions"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("reading %s: %w", fetch.Redact(at), err)
	}
	address := document.Versions[w.Version].Dist.Tarball
	if address == "" {
		return nil, fmt.Errorf("%s has no version %s", fetch.Redact(at), w.Version)
	}
	return a.Registry.Archive(w.Name, w.Version, address)
}
