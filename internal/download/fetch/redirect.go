package fetch

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// CheckRedirect is for an [http.Client]: it follows ten redirects at most, and
// takes the request's credentials along only while all of them stay at the
// origin (scheme, host and port) that the credentials are for. The client
// itself takes them to other ports, to subdomains, and from https to http.
func CheckRedirect(request *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("got more than %d redirects", maxRedirects)
	}
	home := origin(via[0].URL)
	for _, hop := range append(via[1:len(via):len(via)], request) {
		if origin(hop.URL) != home {
			for _, name := range []string{"Authorization", "Cookie", "Referer"} {
				request.Header.Del(name)
			}
			break
		}
	}
	return nil
}

// origin is an address's scheme, host and port, the default one too.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
