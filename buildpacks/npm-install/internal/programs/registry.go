package programs

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/cnb/spans"
	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/node/managerreleases"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// registry is the npm registry of npm's configuration.
type registry struct {
	env    environ.List
	log    scribe.Emitter
	spans  *spans.Recorder
	dir    string // of the project, where npm is asked for its default registry
	config *npmrc.Config
	client *fetch.Client
	base   *url.URL // nil until it is needed
}

// newRegistry reads npm's configuration, with a binding's file, if any.
func newRegistry(env environ.List, log scribe.Emitter, platformDir, dir, binding string) (*registry, error) {
	builtin, err := npmrc.BuiltinRegistry(env.Get)
	if err != nil {
		return nil, err
	}
	config, err := npmrc.Load(npmrc.Sources{Environ: env, ProjectDir: dir, HomeDir: env.Get("HOME"), Binding: binding, Builtin: builtin})
	if err != nil {
		return nil, err
	}
	roots, err := cacerts.Pool(authorities(env, config, log))
	if err != nil {
		return nil, err
	}
	r := &registry{env: env, log: log, dir: dir, config: config, client: fetch.New(roots), spans: spans.New(platformDir, log.TitleWriter)}
	r.client.Retry = func(f fetch.File, attempt int, err error) {
		log.Subprocess("%s, attempt %d", err.Error(), attempt)
	}
	return r, nil
}

// authorities returns those of npm's setting cafile, and those that Node.js would
// add to its own. A file that cannot be used is passed over with a warning, as by
// npm and Node.js.
func authorities(env environ.List, config *npmrc.Config, log scribe.Emitter) (all []cacerts.File) {
	cafile, _ := config.Get("cafile")
	for _, path := range []string{cafile, env.Get("NODE_EXTRA_CA_CERTS")} {
		if path == "" || path == "null" { // npm's way to unset what another file sets
			continue
		}
		text, err := regular.ReadFile(path)
		if err == nil {
			err = cacerts.Check(text)
		}
		if err != nil {
			log.Subprocess("WARNING: the certificates in %s are not used: %s", path, err)
			continue
		}
		all = append(all, cacerts.File{Name: path, PEM: text})
	}
	return all
}

// address returns the registry's address: npm's own default if nothing names one.
func (r *registry) address() (*url.URL, error) {
	if r.base != nil {
		return r.base, nil
	}
	base, err := r.config.Registry()
	if err != nil {
		return nil, registryUnknown(err)
	}
	if base == nil {
		if base, err = r.askNPM(); err != nil {
			return nil, registryUnknown(err)
		}
	}
	r.base = base
	return base, nil
}

func (r *registry) askNPM() (*url.URL, error) {
	npm, err := LookPath("npm", r.env.Get("PATH"))
	if err != nil {
		return nil, errors.New("there is no npm to ask for its default")
	}
	output, err := run(npm, r.env, r.dir, "config", "get", "registry")
	if err != nil {
		return nil, err
	}
	base, err := url.Parse(strings.TrimSpace(output))
	if err != nil || base.Host == "" {
		return nil, errors.New("npm's default is no address")
	}
	return base, nil
}

// file returns the request for an archive.
func (r *registry) file(p managerreleases.Package) (fetch.File, error) {
	base, err := r.address()
	if err != nil {
		return fetch.File{}, err
	}
	return r.with(fetch.File{URL: npmrc.Tarball(base, p.Name, p.Version), Checksum: p.Checksum}), nil
}

// with adds the credentials for an address.
func (r *registry) with(f fetch.File) fetch.File {
	if header := r.config.Authorization(f.URL); header != "" {
		f.Header = http.Header{"Authorization": {header}}
	}
	return f
}

// download puts a package's archive at path.
func (r *registry) download(ctx context.Context, p managerreleases.Package, path string) error {
	f, err := r.file(p)
	if err != nil {
		return err
	}
	r.log.Subprocess("Downloading %s", fetch.Redact(f.URL))
	start := time.Now()
	if err := r.client.Download(ctx, f, path); err != nil {
		return asFailure(p, err)
	}
	if info, err := os.Stat(path); err == nil {
		r.spans.Record(spans.Span{Kind: spans.Download, What: f.Name(), Bytes: info.Size()}, time.Since(start))
	}
	return nil
}

// answer is the registry's document about one version of a package.
type answer struct {
	Engines struct {
		Node string `json:"node"`
	} `json:"engines"`
	Dist struct {
		Integrity string `json:"integrity"`
	} `json:"dist"`
}

// look asks for the checksum of a package that the table lacks, and for the range
// of Node.js that it runs on.
func (r *registry) look(ctx context.Context, name, version string) (p managerreleases.Package, node string, err error) {
	base, err := r.address()
	if err != nil {
		return p, "", err
	}
	p = managerreleases.Package{Name: name, Version: version}
	escaped := strings.Replace(name, "/", "%2f", 1) // as npm asks for a name with a scope
	var found answer
	err = r.read(ctx, base.JoinPath(escaped, version), &found)
	var status *fetch.StatusError
	if errors.As(err, &status) { // registries need not know the address of a version
		var all struct {
			Versions map[string]answer `json:"versions"`
		}
		if err = r.read(ctx, base.JoinPath(escaped), &all); err == nil {
			var ok bool
			if found, ok = all.Versions[version]; !ok {
				err = status
			}
		}
	}
	if err != nil {
		return p, "", asFailure(p, err)
	}
	if p.Checksum, err = checksum.FromIntegrity(found.Dist.Integrity); err != nil {
		return p, "", asFailure(p, err)
	}
	return p, found.Engines.Node, nil
}

// read reads a document of the registry's.
func (r *registry) read(ctx context.Context, u *url.URL, into any) error {
	f := r.with(fetch.File{URL: u})
	if f.Header == nil {
		f.Header = http.Header{}
	}
	f.Header.Set("Accept", "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*")
	text, err := r.client.Read(ctx, f)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s answers with something other than a package's document: %w", fetch.Redact(u), err)
	}
	return nil
}

// registryUnknown is the error if there is no registry to ask.
func registryUnknown(cause error) error {
	return &failure.Failure{
		ID:     "npm-registry-unknown",
		Cause:  "the package manager's program is to come from the npm registry, and npm's configuration names none",
		Remedy: "name one in NPM_CONFIG_REGISTRY, or as registry=… in the project's .npmrc, in an npmrc binding, or in BP_NPM_REGISTRY.",
		Err:    cause,
	}
}

// asFailure gives a download's errors an id and a remedy.
func asFailure(p managerreleases.Package, err error) error {
	what := p.Name + " " + p.Version
	var mismatch *checksum.MismatchError
	var unreachable *fetch.UnreachableError
	var status *fetch.StatusError
	switch {
	case errors.As(err, &mismatch):
		return &failure.Failure{
			ID:     "checksum-mismatch",
			Cause:  fmt.Sprintf("%s is not the file it should be: got %s, want %s", mismatch.Name, mismatch.Got, mismatch.Want),
			Remedy: "find out what stands between here and there (a proxy, a mirror) and changes the file; it is not used.",
		}
	case errors.As(err, &unreachable):
		var untrusted *tls.CertificateVerificationError
		return &failure.Failure{
			ID:        "package-manager-download-failed",
			Cause:     what + ", the package manager's program, cannot be downloaded at the moment",
			Remedy:    "build again later; if it stays so, let the build reach the registry (HTTPS_PROXY, a ca-certificates binding), or name another in NPM_CONFIG_REGISTRY.",
			Err:       err,
			Transient: !errors.As(err, &untrusted),
		}
	case errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden):
		return &failure.Failure{
			ID:     "package-manager-download-refused",
			Cause:  what + ", the package manager's program, cannot be downloaded",
			Remedy: "give the registry's credentials in the project's .npmrc or in an npmrc binding, and let it pass on that package.",
			Err:    err,
		}
	case errors.As(err, &status):
		return &failure.Failure{
			ID:     "package-manager-version-unknown",
			Cause:  "the registry does not have " + what + ", the package manager's program",
			Remedy: "choose a version that it has: `npm view " + p.Name + " versions` lists them. A registry of your own must pass on that package.",
			Err:    err,
		}
	}
	return fmt.Errorf("downloading %s: %w", what, err)
}
