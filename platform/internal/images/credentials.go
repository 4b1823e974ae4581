//go:build linux

package images

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/armature-cnb/armature/internal/failure"
)

// keychain holds the credentials for one registry, looked up once. If that fails,
// there are none, and failed has the error: like docker, armature then still
// pulls public images.
type keychain struct {
	registry string
	chosenBy string // see [Registries]
	given    bool   // set by the caller, not docker login's
	found    authn.Authenticator
	failed   error
}

func (k *keychain) Resolve(authn.Resource) (authn.Authenticator, error) { return k.found, nil }

// keys looks up the credentials of a registry. It may run a credential helper,
// which may hang: ctx ends the wait for it.
func (r Registries) keys(ctx context.Context, registry name.Registry) *keychain {
	k := &keychain{registry: registry.RegistryStr(), chosenBy: r.ChosenBy, given: r.Keychain != nil, found: authn.Anonymous}
	if r.ChosenBy != "" {
		return k
	}
	var from authn.Keychain = authn.DefaultKeychain
	if k.given {
		from = r.Keychain
	}
	type answer struct {
		found authn.Authenticator
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		found, err := authn.Resolve(ctx, from, registry)
		answered <- answer{found, err}
	}()
	select {
	case a := <-answered:
		if k.failed = a.err; a.err == nil {
			k.found = a.found
		}
	case <-ctx.Done():
		k.failed = ctx.Err()
	}
	return k
}

// explain is [Failed] for a request with these credentials: if the registry
// requires credentials, the reason is why there are none.
func (k *keychain) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	var answer *transport.Error
	refused := errors.As(err, &answer) && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden)
	switch {
	case refused && k.chosenBy != "":
		return &failure.Failure{
			ID: "registry-refused", Cause: doing, Err: redacted(err),
			Remedy: "where you trust the image, name it yourself (--builder, --run-image, --buildpack): no credentials are used for what " + k.chosenBy + " names.",
		}
	case refused && k.failed != nil:
		return k.failure()
	}
	return Failed(doing, err)
}

// failure returns the reason why there are no credentials.
func (k *keychain) failure() error {
	if errors.Is(k.failed, context.Canceled) {
		return k.failed
	}
	if k.given {
		return &failure.Failure{ID: "registry-credentials", Cause: "the credentials for " + k.registry + " cannot be had", Err: k.failed, Remedy: "mend the keychain that the request has."}
	}
	file := credentialsFile(os.Getenv) // as authn.DefaultKeychain finds it
	return &failure.Failure{
		ID: "registry-credentials", Cause: fmt.Sprintf("the credentials for %s cannot be had as %s says", k.registry, file), Err: k.failed,
		Remedy: "mend " + file + ": install the credential helper that it names or take that out, then log in with docker login.",
	}
}

// credentialsFile returns the path of the credentials file, in
// authn.DefaultKeychain's order.
func credentialsFile(getenv func(string) string) string {
	const config = "config.json"
	there := func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && !info.IsDir()
	}
	dockers := filepath.Join(getenv("HOME"), ".docker", config)
	named := getenv("DOCKER_CONFIG")
	switch {
	case named != "" && (there(dockers) || there(filepath.Join(named, config))):
		return filepath.Join(named, config)
	case there(dockers):
		return dockers
	case there(getenv("REGISTRY_AUTH_FILE")):
		return getenv("REGISTRY_AUTH_FILE")
	}
	if podmans := filepath.Join(getenv("XDG_RUNTIME_DIR"), "containers/auth.json"); getenv("XDG_RUNTIME_DIR") != "" && there(podmans) {
		return podmans
	}
	folder := getenv("XDG_CONFIG_HOME")
	if folder == "" {
		folder = filepath.Join(getenv("HOME"), ".config")
	}
	return filepath.Join(folder, "containers/auth.json")
}
