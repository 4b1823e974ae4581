package yarn

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/net/http/httpproxy"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// rcSettings are settings of Yarn 2 and later, by name.
type rcSettings map[string]any

// berryFiles returns the files of HOME for Yarn 2 and later, which read no .npmrc:
// npm's configuration in Yarn's terms, the user's own .yarnrc.yml, and that of the
// service binding, each over the one before.
func (m *manager) berryFiles() (map[string]string, error) {
	builtin, err := npmrc.BuiltinRegistry(m.env.Get)
	if err != nil {
		return nil, err
	}
	config, err := npmrc.Load(npmrc.Sources{Environ: m.env, HomeDir: m.env.Get("HOME"), Binding: m.config.npmrc, Builtin: builtin})
	if err != nil {
		return nil, err
	}
	all := translate(config.All(), majorOf(m.yarn.Version))
	m.addProxy(all)
	own, err := readOptional(filepath.Join(m.env.Get("HOME"), berryConfig))
	if err != nil {
		return nil, err
	}
	for _, text := range []string{own, m.config.files[berryConfig]} {
		over := rcSettings{}
		if err := yaml.Unmarshal([]byte(text), &over); err != nil {
			return nil, &failure.Failure{
				ID:     "yarnrc-binding-invalid",
				Cause:  fmt.Sprintf("a %s that is not the app's cannot be decoded", berryConfig),
				Remedy: "correct it: `yarn config` with the file in the HOME says the same until it is right.",
				Err:    err,
			}
		}
		all.merge(over)
	}
	text, err := yaml.Marshal(all)
	return map[string]string{berryConfig: string(text)}, err
}

// merge puts settings over others; those by registry and by scope are joined.
func (s rcSettings) merge(over rcSettings) {
	for name, value := range over {
		inner, isMap := value.(rcSettings)
		below, wasMap := s[name].(rcSettings)
		if isMap && wasMap {
			below.merge(inner)
			continue
		}
		s[name] = value
	}
}

// in returns the settings below a name.
func (s rcSettings) in(names ...string) rcSettings {
	for _, name := range names {
		inner, ok := s[name].(rcSettings)
		if !ok {
			inner = rcSettings{}
			s[name] = inner
		}
		s = inner
	}
	return s
}

// plainSettings are settings of npm that have another name in Yarn.
var plainSettings = map[string]string{"registry": "npmRegistryServer", "proxy": "httpProxy", "https-proxy": "httpsProxy"}

// translate returns npm's settings for registries, logins, proxies and authorities
// in the terms of a major version of Yarn.
func translate(npm map[string]string, major int) rcSettings {
	all := rcSettings{}
	for _, key := range slices.Sorted(maps.Keys(npm)) {
		value := npm[key]
		if value == "null" { // npm's way to unset what another file sets
			continue
		}
		registry, name, ofRegistry := cutLast(key, ":")
		switch {
		case plainSettings[key] != "":
			all[plainSettings[key]] = value
		case key == "cafile" && major < 4:
			all["caFilePath"] = value
		case key == "cafile":
			all["httpsCaFilePath"] = value
		case key == "strict-ssl":
			all["enableStrictSsl"] = value != "false"
		case key == "always-auth":
			all["npmAlwaysAuth"] = value == "true"
		case strings.HasPrefix(key, "@") && name == "registry":
			all.in("npmScopes", strings.TrimPrefix(registry, "@"))["npmRegistryServer"] = value
		case strings.HasPrefix(key, "//") && ofRegistry:
			login(all.in("npmRegistries", strings.TrimSuffix(registry, "/")), name, npm, registry)
		case key == "_authToken" || key == "_auth":
			login(all, key, npm, "")
		}
	}
	allowHTTP(all, npm)
	return all
}

// login sets the login of a registry, "//host/path", or of the default one.
func login(into rcSettings, name string, npm map[string]string, registry string) {
	prefix := ""
	if registry != "" {
		prefix = registry + ":"
	}
	switch name {
	case "_authToken":
		into["npmAuthToken"] = npm[prefix+name]
	case "_auth":
		into["npmAuthIdent"] = identOf(npm[prefix+name])
	case "_password":
		if password, err := base64.StdEncoding.DecodeString(npm[prefix+name]); err == nil && npm[prefix+"username"] != "" {
			into["npmAuthIdent"] = npm[prefix+"username"] + ":" + string(password)
		}
	case "always-auth":
		into["npmAlwaysAuth"] = npm[prefix+name] == "true"
		return
	default:
		return
	}
	if _, says := into["npmAlwaysAuth"]; !says {
		into["npmAlwaysAuth"] = true // as npm sends a login that it has
	}
}

// identOf decodes the pair of user and password, as Yarn 2 and 3 want it.
func identOf(encoded string) string {
	if pair, err := base64.StdEncoding.DecodeString(encoded); err == nil && strings.Contains(string(pair), ":") {
		return string(pair)
	}
	return encoded
}

// allowHTTP allows registries without TLS that npm's settings name.
func allowHTTP(all rcSettings, npm map[string]string) {
	var hosts []string
	for key, value := range npm {
		if u, err := url.Parse(value); err == nil && u.Scheme == "http" && (key == "registry" || strings.HasSuffix(key, ":registry")) {
			hosts = append(hosts, u.Hostname())
		}
	}
	if len(hosts) > 0 {
		slices.Sort(hosts)
		all["unsafeHttpWhitelist"] = slices.Compact(hosts)
	}
}

// addProxy sets the proxy of the environment, which Yarn 2 and later do not read, if
// it is for the registry.
func (m *manager) addProxy(all rcSettings) {
	registry, _ := all["npmRegistryServer"].(string)
	if registry == "" {
		registry = "https://registry.example/" // any address outside
	}
	u, err := url.Parse(registry)
	if err != nil {
		return
	}
	get := func(names ...string) string {
		for _, name := range names {
			if value := m.env.Get(name); value != "" {
				return value
			}
		}
		return ""
	}
	config := httpproxy.Config{HTTPProxy: get("HTTP_PROXY", "http_proxy"), HTTPSProxy: get("HTTPS_PROXY", "https_proxy"), NoProxy: get("NO_PROXY", "no_proxy")}
	if proxy, err := config.ProxyFunc()(u); err != nil || proxy == nil {
		return
	}
	for name, value := range map[string]string{"httpProxy": config.HTTPProxy, "httpsProxy": config.HTTPSProxy} {
		if _, says := all[name]; !says && value != "" {
			all[name] = value
		}
	}
}

// cutLast cuts a text at the last separator.
func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}
