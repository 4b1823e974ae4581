package yarn

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/environ"
)

func TestNPMsConfigurationInYarnsTerms(t *testing.T) {
	for _, tc := range []struct{ name, npmrc, binding, version, want string }{
		{name: "nothing", version: "4.18.1", want: "{}\n"},
		{
			name: "a registry with a token", version: "4.18.1", npmrc: "registry=https://npm.example/\n//npm.example/:_authToken=secret\n",
			want: "npmRegistries:\n    //npm.example:\n        npmAlwaysAuth: true\n        npmAuthToken: secret\nnpmRegistryServer: https://npm.example/\n",
		},
		{
			name: "a scope with a name and a password", version: "4.18.1", npmrc: "@x:registry=http://npm.example/x/\n//npm.example/x/:username=me\n//npm.example/x/:_password=c2VjcmV0\n",
			want: "npmRegistries:\n    //npm.example/x:\n        npmAlwaysAuth: true\n        npmAuthIdent: me:secret\nnpmScopes:\n    x:\n        npmRegistryServer: http://npm.example/x/\nunsafeHttpWhitelist:\n    - npm.example\n",
		},
		{name: "a pair", version: "4.18.1", npmrc: "//h/:_auth=bWU6c2VjcmV0\n", want: "npmRegistries:\n    //h:\n        npmAlwaysAuth: true\n        npmAuthIdent: me:secret\n"},
		{name: "an authority", version: "4.18.1", npmrc: "cafile=/ca.pem\nstrict-ssl=false\n", want: "enableStrictSsl: false\nhttpsCaFilePath: /ca.pem\n"},
		{name: "an authority that another file unsets", version: "4.18.1", npmrc: "cafile=null\nproxy=null\n", want: "{}\n"},
		{name: "an authority of Yarn 3", version: "3.8.7", npmrc: "cafile=/ca.pem\n", want: "caFilePath: /ca.pem\n"},
		{name: "a proxy", version: "4.18.1", npmrc: "https-proxy=http://proxy:1\nproxy=http://proxy:2\n", want: "httpProxy: http://proxy:2\nhttpsProxy: http://proxy:1\n"},
		{
			name: "Yarn's own configuration, which goes first", version: "4.18.1", npmrc: "registry=https://npm.example/\n//npm.example/:_authToken=old\n",
			binding: "npmRegistries:\n  //npm.example:\n    npmAuthToken: new\nnodeLinker: pnpm\n",
			want:    "nodeLinker: pnpm\nnpmRegistries:\n    //npm.example:\n        npmAlwaysAuth: true\n        npmAuthToken: new\nnpmRegistryServer: https://npm.example/\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), ".npmrc")
			if err := os.WriteFile(file, []byte(tc.npmrc), 0o600); err != nil {
				t.Fatal(err)
			}
			m := &manager{env: environ.List{"HOME=" + t.TempDir()}, yarn: programs.Program{Version: tc.version}}
			m.config = configuration{npmrc: file, files: map[string]string{berryConfig: tc.binding}}
			files, err := m.berryFiles()
			if err != nil || files[berryConfig] != tc.want {
				t.Errorf("got %q, %v\nwant %q", files[berryConfig], err, tc.want)
			}
		})
	}
}

func TestTheProxyOfTheEnvironment(t *testing.T) {
	for _, tc := range []struct {
		name string
		env  environ.List
		want string
	}{
		{"a proxy", environ.List{"HTTPS_PROXY=http://proxy:1"}, "httpsProxy: http://proxy:1\n"},
		{"none for the registry", environ.List{"https_proxy=http://proxy:1", "NO_PROXY=.corp", "npm_config_registry=https://npm.corp/"}, "npmRegistryServer: https://npm.corp/\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := &manager{env: append(tc.env, "HOME="+t.TempDir()), yarn: programs.Program{Version: "4.18.1"}}
			files, err := m.berryFiles()
			if err != nil || files[berryConfig] != tc.want {
				t.Errorf("got %q, %v, want %q", files[berryConfig], err, tc.want)
			}
		})
	}
}
