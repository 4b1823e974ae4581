package npmregistry

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// Proxy returns npm's choice of a proxy for a request, for an [http.Transport]: of
// its settings https-proxy, proxy and noproxy, and of the environment's HTTPS_PROXY,
// HTTP_PROXY, PROXY and NO_PROXY in any case. A proxy of a kind that is not known
// here is an error.
func Proxy(config *npmrc.Config, env environ.List) (func(*http.Request) (*url.URL, error), error) {
	var c proxies
	vars := proxyVariables(env)
	var err error
	c.hosts = directHosts(first(setting(config, "noproxy"), vars["no_proxy"]))
	set := first(setting(config, "https-proxy"), setting(config, "proxy"))
	if c.https, err = proxyAt(first(set, vars["https_proxy"])); err != nil {
		return nil, err
	}
	c.http, err = proxyAt(first(set, vars["https_proxy"], vars["http_proxy"], vars["proxy"]))
	return c.of, err
}

// proxies are the proxies for requests of both schemes; nil for none.
type proxies struct {
	https, http *url.URL
	hosts       [][]string // that are asked without a proxy: parts of names, the last first
}

func (c proxies) of(request *http.Request) (*url.URL, error) {
	name := parts(request.URL.Hostname())
	for _, host := range c.hosts {
		if len(host) <= len(name) && slices.Equal(host, name[:len(host)]) {
			return nil, nil
		}
	}
	if request.URL.Scheme == "https" {
		return c.https, nil
	}
	return c.http, nil
}

// proxyVariables returns the variables with proxies, by their names in small
// letters. As in npm, the last one counts.
func proxyVariables(env environ.List) map[string]string {
	found := map[string]string{}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		found[strings.ToLower(name)] = value
	}
	return found
}

// setting returns a setting of npm's; "" also for its other words for nothing.
func setting(config *npmrc.Config, name string) string {
	value, _ := config.Get(name)
	if value == "null" || value == "false" {
		return ""
	}
	return value
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	i := slices.IndexFunc(texts, func(text string) bool { return text != "" })
	if i < 0 {
		return ""
	}
	return texts[i]
}

// proxyAt parses a proxy's address. The error does not quote it: it may have a
// password.
func proxyAt(address string) (*url.URL, error) {
	if address == "" {
		return nil, nil
	}
	at, err := url.Parse(address)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, fmt.Errorf("npm's proxy is no http or https address")
	}
	return at, nil
}

// directHosts reads a list with commas of names of hosts, and of ends of names.
func directHosts(list string) (hosts [][]string) {
	for one := range strings.SplitSeq(list, ",") {
		if host := parts(strings.TrimSpace(one)); len(host) > 0 {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// parts returns the parts of a host's name, the last first.
func parts(name string) []string {
	all := slices.DeleteFunc(strings.Split(name, "."), func(part string) bool { return part == "" })
	slices.Reverse(all)
	return all
}
