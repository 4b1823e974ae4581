package fetch

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// CheckRedirect is for an [http.Client]: it follows at most ten redirects, and
// keeps the request's credentials only while all redirects stay at their origin
// (scheme, host and port). The client itself would send them to other ports, to
// subdomains, and from https to http.
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

// origin returns an address's scheme, host and port, with the default port
// filled in.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
