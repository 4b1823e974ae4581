package npminstall

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paketo-buildpacks/packit/v2/scribe"

	"github.com/armature-cnb/armature/internal/environ"
)

func TestOldToolsGetTheLegacyHashes(t *testing.T) {
	for _, row := range []struct{ name, pkg, options, major, want string }{
		{"webpack 4", `{"devDependencies":{"webpack":"^4.46.0"}}`, "", "24", "--openssl-legacy-provider"},
		{"without a version", `{"devDependencies":{"webpack":"^4.46.0"}}`, "", "", "--openssl-legacy-provider"},
		{"with node-engine's option", `{"dependencies":{"next":"^11.0.1"}}`, "--use-openssl-ca", "24", "--use-openssl-ca --openssl-legacy-provider"},
		{"with another choice", `{"dependencies":{"next":"^11.0.1"}}`, "--openssl_shared_config", "24", "--openssl_shared_config"},
		{"with options", `{"devDependencies":{"webpack":"^4.46.0"}}`, "--max-old-space-size=99", "24", "--max-old-space-size=99 --openssl-legacy-provider"},
		{"with a choice", `{"devDependencies":{"webpack":"^4.46.0"}}`, "--openssl-shared-config", "24", "--openssl-shared-config"},
		{"an old Node.js", `{"devDependencies":{"webpack":"^4.46.0"}}`, "", "16", ""},
		{"webpack 5", `{"devDependencies":{"webpack":"^5.90.0"}}`, "", "24", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			app, home := t.TempDir(), t.TempDir()
			writeText(t, filepath.Join(app, "package.json"), row.pkg)
			if row.major != "" {
				writeText(t, filepath.Join(home, "include", "node", "node_version.h"),
					"#define NODE_MAJOR_VERSION "+row.major+"\n#define NODE_MINOR_VERSION 1\n#define NODE_PATCH_VERSION 0\n")
			}
			log := &bytes.Buffer{}
			env := withFramework(environ.List{"NODE_OPTIONS=" + row.options, "NODE_HOME=" + home}, app, scribe.NewEmitter(log))
			if got := env.Get("NODE_OPTIONS"); got != row.want {
				t.Errorf("got NODE_OPTIONS=%q, want %q", got, row.want)
			}
			if said := strings.Contains(log.String(), "hashes with MD4"); said != (row.want != row.options) {
				t.Errorf("got the log %q", log)
			}
		})
	}
}

func writeText(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
