package npmrc

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
)

// Settings returns an npmrc file's settings as sorted texts; lists keep their
// order. It ignores comments and white space, and omits credentials, so that a
// new token is no change. A missing file, or an empty path, gives none.
func Settings(path string, env environ.List) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	values := map[string][]string{} // by section and key
	for _, one := range entries(string(text), env.Lookup) {
		if IsCredential(one.key) {
			continue
		}
		name := fmt.Sprintf("%t %q %q", one.nested, one.section, one.key)
		if !one.list && !isList(values[name]) {
			values[name] = []string{"=" + WithoutLogin(one.value)}
			continue
		}
		values[name] = append(values[name], "[]="+WithoutLogin(one.value))
	}
	var all []string
	for name, list := range values {
		all = append(all, name+strings.Join(list, "\n"))
	}
	slices.Sort(all)
	return all, nil
}

func isList(values []string) bool {
	return len(values) > 0 && strings.HasPrefix(values[len(values)-1], "[]")
}

// credentials are npm's settings with credentials for a registry, in lower
// case, besides those that begin with an underscore (_auth, _authToken,
// _password).
var credentials = []string{"username", "email", "otp", "cert", "key", "certfile", "keyfile"}

// IsCredential reports whether an npm setting, which may be one for a registry
// (//host/path/:_authToken), is a credential.
func IsCredential(key string) bool {
	name := strings.ToLower(key[strings.LastIndexByte(key, ':')+1:])
	return strings.HasPrefix(name, "_") || strings.Contains(name, "token") || slices.Contains(credentials, name)
}

// WithoutLogin removes the user and password from a value that is an address.
func WithoutLogin(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return value
	}
	u.User = nil
	return u.String()
}
