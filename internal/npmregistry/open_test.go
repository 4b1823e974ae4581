package npmregistry_test

import (
	"net/url"
	"testing"

	"github.com/armature-cnb/armature/internal/npmregistry"
)

func TestWhatIsOpenToEverybody(t *testing.T) {
	const token = "//r.example/npm/:_authToken=t\n"
	for _, tc := range []struct{ name, npmrc, pkg, address, want string }{
		{"npm's default", "", "a", "", "https://standard.example/a/-/a-1.0.0.tgz"},
		{"an address", "", "a", "https://standard.example/a/-/a-1.0.0.tgz", "https://standard.example/a/-/a-1.0.0.tgz"},
		{"an address elsewhere", "", "a", "https://other.example/a.tgz", "https://other.example/a.tgz"},
		{"a registry for its default", "registry=http://r.example/npm", "a", "https://standard.example/a.tgz", "http://r.example/npm/a.tgz"},
		{"a token of another registry", token, "a", "https://standard.example/a.tgz", "https://standard.example/a.tgz"},
		{"a token of another folder", token, "a", "https://r.example/other/a.tgz", "https://r.example/other/a.tgz"},
		{"a token", token, "a", "https://r.example/npm/a.tgz", ""},
		{"a token of the registry, which has archives beside it", token + "registry=https://r.example/npm/", "a", "https://r.example/files/a.tgz", ""},
		{"a token of a scope's registry", token + "@s:registry=https://r.example/npm/", "@s/a", "", ""},
		{"a token of the registry that stands for the default", token + "registry=https://r.example/npm/", "a", "https://standard.example/a.tgz", ""},
		{"a token of a registry that may say another address", token, "a", "", ""},
		{"a user's name and password", "//r.example/:username=u\n//r.example/:_password=cA==", "a", "https://r.example/a.tgz", ""},
		{"a password in the address", "", "a", "https://u:p@r.example/a.tgz", ""},
		{"a password in the registry's address", "registry=https://u:p@r.example/", "a", "", ""},
		{"a token in the address", "", "a", "https://r.example/a.tgz?token=t", ""},
		{"another protocol", "", "a", "git+ssh://r.example/a.git", ""},
		{"a file", "", "a", "file:a.tgz", ""},
		{"a folder that leads up", "", "a", "https://r.example/x/../a.tgz", ""},
	} {
		config := config(t, tc.npmrc)
		u, _ := url.Parse(standard)
		at, err := npmregistry.Open(config, u)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		if got := at(tc.pkg, "1.0.0", tc.address); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestAConfigurationThatMayHoldMoreOpensNothing(t *testing.T) {
	u, _ := url.Parse(standard)
	for _, tc := range []struct {
		name, npmrc string
		standard    *url.URL
		bad         bool
	}{
		{"a token", "//r.example/:_authToken=t", u, false},
		{"a token, of an unknown default perhaps", "//r.example/:_authToken=t", nil, true},
		{"a token for any registry", "_authToken=t", u, true},
		{"a login for any registry", "_auth=dTpw", u, true},
		{"a token without a value", "_authToken", u, true},
		{"a certificate", "cert=x", u, true},
		{"a registry's certificate", "//r.example/:certfile=x", u, true},
		{"another file", "userconfig=x", u, true},
		{"another global file", "globalconfig=x", u, true},
		{"another folder of the global file", "prefix=/x", u, true},
		{"no address", "registry=x", u, true},
		{"other settings", "fund=false\nsave-exact=true", nil, false},
	} {
		if _, err := npmregistry.Open(config(t, tc.npmrc), tc.standard); (err != nil) != tc.bad {
			t.Errorf("%s: got %v", tc.name, err)
		}
	}
}
