package distribution

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	"github.com/armature-cnb/armature/internal/download/checksum"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

// Names of the settings and types of the bindings that redirect downloads.
const (
	MirrorVariable = "BP_DEPENDENCY_MIRROR"
	MirrorBinding  = "dependency-mirror"
	MappingBinding = "dependency-mapping"
)

// Rewrites replaces addresses of downloads. The zero value replaces none.
type Rewrites struct {
	mirrors  map[string]string // host, or "" for all hosts, to mirror
	mappings map[string]string // <hex> (of sha256 only), <algorithm>:<hex> or <algorithm>_<hex> to address
}

// NewRewrites reads BP_DEPENDENCY_MIRROR and BP_DEPENDENCY_MIRROR_<HOST> from
// env, and bindings of the types dependency-mirror
// and dependency-mapping. Variables override bindings, a host's mirror
// overrides the general one, and a mapping overrides all mirrors.
func NewRewrites(env environ.List, bindings []servicebindings.Binding) (Rewrites, error) {
	r := Rewrites{mirrors: map[string]string{}, mappings: map[string]string{}}
	for _, binding := range bindings {
		into := r.mappings
		switch strings.ToLower(binding.Type) {
		case MirrorBinding:
			into = r.mirrors
		case MappingBinding:
		default:
			continue
		}
		for name, entry := range binding.Entries {
			if strings.HasPrefix(name, ".") { // how Kubernetes mounts secrets
				continue
			}
			value, err := entry.ReadString()
			if err != nil {
				return Rewrites{}, fmt.Errorf("reading %s of the binding %s: %w", name, binding.Name, err)
			}
			into[strings.ToLower(name)] = strings.TrimSpace(value)
		}
	}
	if general, ok := r.mirrors["default"]; ok {
		r.mirrors[""] = general
	}
	r.variables(env)
	return r, nil
}

// variables reads the mirrors from the environment. If there is any, it
// replaces all mirrors of bindings.
func (r *Rewrites) variables(env environ.List) {
	mirrors := map[string]string{}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		rest, ok := strings.CutPrefix(name, MirrorVariable)
		if !ok || value == "" || (rest != "" && !strings.HasPrefix(rest, "_")) {
			continue
		}
		host := strings.ReplaceAll(strings.TrimPrefix(rest, "_"), "__", "-")
		mirrors[strings.ToLower(strings.ReplaceAll(host, "_", "."))] = value
	}
	if len(mirrors) > 0 {
		r.mirrors = mirrors
	}
}

// mapping returns the address that a binding gives for the checksum, or nil.
func (r Rewrites) mapping(c checksum.Checksum) (*url.URL, error) {
	names := []string{c.Algorithm + ":" + c.Hex, c.Algorithm + "_" + c.Hex}
	if c.Algorithm == "sha256" {
		names = append(names, c.Hex)
	}
	for _, name := range names {
		text, ok := r.mappings[name]
		if !ok {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "file") {
			return nil, &failure.Failure{
				ID:     IDMappingInvalid,
				Cause:  fmt.Sprintf("the dependency-mapping entry %s is not an address", name),
				Remedy: "give an https, http or file URI.",
			}
		}
		return u, nil
	}
	return nil, nil
}

// mirror returns the address to use for uri: uri itself without a mirror for
// its host.
func (r Rewrites) mirror(uri string) (*url.URL, error) {
	original, err := url.Parse(uri)
	if err != nil {
		return nil, fmt.Errorf("address of a dependency: %w", err)
	}
	text, ok := r.mirrors[strings.ToLower(original.Hostname())]
	if !ok {
		text, ok = r.mirrors[""]
	}
	if !ok {
		return original, nil
	}
	return mirrored(original, text)
}

// mirrorArgument matches the start of a mirror's argument: its name, or the
// address itself. Any other comma is part of an argument, for example of a
// password.
var mirrorArgument = regexp.MustCompile(`(?:^|,)(mirror=|skip-path=|[A-Za-z][A-Za-z0-9+.-]*://)`)

// mirrorArguments reads a mirror: an address, or
// "mirror=<address>,skip-path=<path>" in any order, where skip-path is removed
// from the original path.
func mirrorArguments(text string) (address, skip string) {
	address = text
	begins := mirrorArgument.FindAllStringSubmatchIndex(text, -1)
	for i, at := range begins {
		end := len(text)
		if i+1 < len(begins) {
			end = begins[i+1][0]
		}
		switch name, value := text[at[2]:at[3]], text[at[3]:end]; name {
		case "mirror=":
			address = value
		case "skip-path=":
			skip = value
		default:
			address = name + value
		}
	}
	return address, skip
}

// mirrored applies a mirror. "{originalHost}" in its path becomes the original
// host.
func mirrored(original *url.URL, text string) (*url.URL, error) {
	address, skip := mirrorArguments(text)
	mirror, err := url.Parse(address)
	if err != nil || (mirror.Scheme != "https" && mirror.Scheme != "file") {
		return nil, &failure.Failure{
			ID:     IDMirrorInvalid,
			Cause:  fmt.Sprintf("the mirror for %s is not an https or file URI", original.Hostname()), // it may have a password
			Remedy: "set BP_DEPENDENCY_MIRROR, or the dependency-mirror binding, to something like https://mirror.example.com/{originalHost}.",
		}
	}
	if unescaped, err := url.PathUnescape(skip); err == nil {
		skip = unescaped
	}
	base := strings.TrimSuffix(strings.Replace(mirror.Path, "{originalHost}", original.Hostname(), 1), "/")
	path := base + strings.Replace(original.Path, skip, "", 1)
	mirror.Path, mirror.RawPath = path, ""
	return mirror, nil
}
