package programs_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/testing/tier"
)

// Programs that tell who they are. Node.js is a shell here.
const (
	pnpm = "echo pnpm of the registry \"$@\"\n"
	yarn = "if [ \"$1\" = --version ]; then echo 4.99.0; else echo yarn \"$@\"; fi\n"
)

func pinning(spec string) texts {
	return texts{"package.json": fmt.Sprintf(`{"packageManager":%q}`, spec)}
}

func TestGet(t *testing.T) {
	s := newScene(t, pinning("pnpm@10.999.0"))
	s.registry.publish("pnpm", "10.999.0", ">=18.12", texts{"package.json": "{}", "bin/pnpm.cjs": pnpm, "bin/pnpx.cjs": pnpm})
	program, layers, err := s.get()
	if err != nil {
		t.Fatal(err)
	}
	if got := s.says(program, "install"); got != "pnpm of the registry install" {
		t.Errorf("got %q", got)
	}
	if program.Manager != "pnpm" || program.Version != "10.999.0" || program.Dir != filepath.Join(s.layers, "pnpm") {
		t.Errorf("got %+v", program)
	}
	if len(layers) != 1 || layers[0].Name != "pnpm" || !layers[0].Build || !layers[0].Cache || layers[0].Launch {
		t.Errorf("got %+v, want a layer for the build", layers)
	}
	if !strings.Contains(s.log.String(), "Choosing pnpm 10.999.0 (packageManager of package.json)") {
		t.Errorf("the log is %s", s.log.String())
	}

	s.restore(layers)
	s.registry.Close()
	s.env = s.env.With("BP_NODE_PACKAGE_MANAGER", "pnpm")
	if _, _, err := s.get(); err == nil {
		t.Error("the checksum of a version that the table lacks is the registry's, which is gone: want an error")
	}
}

// restore writes the metadata of layers, as the lifecycle does.
func (s *scene) restore(layers []packit.Layer) {
	s.t.Helper()
	for _, layer := range layers {
		var text bytes.Buffer
		if err := toml.NewEncoder(&text).Encode(map[string]any{"metadata": layer.Metadata}); err != nil {
			s.t.Fatal(err)
		}
		writeAll(s.t, s.layers, texts{layer.Name + ".toml": text.String()})
		if !layer.Cache {
			if err := os.RemoveAll(layer.Path); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

func TestALayerIsReusedForTheSameProgram(t *testing.T) {
	s := newScene(t, pinning("pnpm@10.999.0"))
	s.registry.publish("pnpm", "10.999.0", "", texts{"bin/pnpm.cjs": pnpm, "bin/pnpx.cjs": pnpm})
	s.registry.publish("pnpm", "10.999.1", "", texts{"bin/pnpm.cjs": "echo another\n", "bin/pnpx.cjs": pnpm})
	_, layers, err := s.get()
	if err != nil {
		t.Fatal(err)
	}
	s.restore(layers)
	s.registry.asked = nil
	if _, layers, err = s.get(); err != nil {
		t.Fatal(err)
	}
	if len(s.registry.asked) != 1 || !strings.Contains(s.log.String(), "Reusing cached layer") { // for the checksum
		t.Errorf("the registry was asked for %q, the log is %s", s.registry.asked, s.log.String())
	}
	s.restore(layers)
	writeAll(t, s.app, pinning("pnpm@10.999.1"))
	program, _, err := s.get()
	if err != nil {
		t.Fatal(err)
	}
	if got := s.says(program); got != "another" {
		t.Errorf("got %q", got)
	}
}

func TestTheProgramIsInTheAppImageOnRequest(t *testing.T) {
	s := newScene(t, pinning("bun@1.999.0"))
	s.registry.publish("@oven/bun-linux-x64", "1.999.0", "", texts{"bin/bun": "#!/bin/sh\necho x64\n"})
	s.registry.publish("@oven/bun-linux-aarch64", "1.999.0", "", texts{"bin/bun": "#!/bin/sh\necho aarch64\n"})
	s.plan.Entries = []packit.BuildpackPlanEntry{{Name: "bun", Metadata: map[string]any{"build": true}}, {Name: "bun", Metadata: map[string]any{"launch": true}}}
	_, layers, err := s.get()
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 2 || layers[1].Name != "bun-launch" || !layers[1].Launch || layers[1].Build || layers[1].Cache {
		t.Fatalf("got %+v, want one for the build and one for the launch", layers)
	}
	for _, name := range []string{"bun", "bunx"} {
		if text, err := os.ReadFile(filepath.Join(layers[1].Path, "bin", name)); err != nil || !strings.Contains(string(text), "aarch64") { // the target
			t.Errorf("%s: got %s, %v", name, text, err)
		}
	}
}

func TestTheHashInPackageManager(t *testing.T) {
	files := texts{"bin/pnpm.cjs": pnpm, "bin/pnpx.cjs": pnpm}
	hexOf := func(sum []byte) string { return hex.EncodeToString(sum) }
	of512 := func(b []byte) string { sum := sha512.Sum512(b); return "sha512." + hexOf(sum[:]) }
	of224 := func(b []byte) string { sum := sha256.Sum224(b); return "sha224." + hexOf(sum[:]) }
	for _, row := range []struct {
		name, manager, version, pkg string
		files                       texts
		hash                        func(archive []byte) string
		wrong                       string // what the error says
	}{
		{"of pnpm's archive", "pnpm", "10.999.0", "pnpm", files, of512, ""},
		{"a short one", "pnpm", "10.999.0", "pnpm", files, of224, ""},
		{"of Yarn 1's archive", "yarn", "1.99.0", "yarn", texts{"bin/yarn.js": yarn}, of512, ""},
		{"of Yarn 4's file", "yarn", "4.99.0", "@yarnpkg/cli-dist", texts{"bin/yarn.js": yarn}, func([]byte) string { return of512([]byte(yarn)) }, ""},
		{"of Yarn 4's archive", "yarn", "4.99.0", "@yarnpkg/cli-dist", texts{"bin/yarn.js": yarn}, of512, of512([]byte(yarn))},
		{"of other bytes", "pnpm", "10.999.0", "pnpm", files, func([]byte) string { return of512(nil) }, "has the hash sha512.cf83"},
		{"of an unknown kind", "pnpm", "10.999.0", "pnpm", files, func([]byte) string { return "md5.00" }, "want sha224"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(t, texts{})
			body := s.registry.publish(row.pkg, row.version, "", row.files)
			writeAll(t, s.app, pinning(row.manager+"@"+row.version+"+"+row.hash(body)))
			_, _, err := s.get()
			if row.wrong == "" && err != nil {
				t.Error(err)
			}
			if row.wrong != "" && (!errors.Is(err, &failure.Failure{ID: "package-manager-hash-mismatch"}) || !strings.Contains(err.Error(), row.wrong)) {
				t.Errorf("got %v, want %s", err, row.wrong)
			}
			if _, statErr := os.Stat(filepath.Join(s.layers, row.manager)); row.wrong != "" && statErr == nil {
				t.Error("the layer is left behind")
			}
		})
	}
}

func TestAVendoredYarn(t *testing.T) {
	s := newScene(t, texts{".yarnrc.yml": "yarnPath: .yarn/releases/yarn.cjs\n", ".yarn/releases/yarn.cjs": yarn})
	program, layers, err := s.get()
	if err != nil {
		t.Fatal(err)
	}
	if program.Version != "4.99.0" || s.says(program, "install") != "yarn install" || len(s.registry.asked) > 0 {
		t.Errorf("got %+v, and asked %q", program, s.registry.asked)
	}
	s.restore(layers)
	writeAll(t, s.app, texts{".yarn/releases/yarn.cjs": "echo 'Error: LFS'\n"})
	if _, _, err := s.get(); !errors.Is(err, &failure.Failure{ID: "yarn-path-invalid"}) {
		t.Errorf("got %v", err)
	}
}

func TestFaults(t *testing.T) {
	good := texts{"bin/pnpm.cjs": pnpm, "bin/pnpx.cjs": pnpm}
	for _, row := range []struct {
		name   string
		change func(s *scene)
		id     string
		says   string
	}{
		{"a newer Node.js is needed", func(s *scene) { s.registry.publish("pnpm", "10.999.0", ">=22.13", good) }, "package-manager-needs-other-node", "runs on Node.js >=22.13, and the app's is 20.10.0"},
		{"the remedy names one that fits", func(s *scene) { s.registry.publish("pnpm", "10.999.0", ">=22.13", good) }, "package-manager-needs-other-node", "BP_PNPM_VERSION=10."},
		{"the registry lacks it", func(s *scene) {}, "package-manager-version-unknown", "pnpm 10.999.0"},
		{"a login is wanted", func(s *scene) { s.registry.token = "secret" }, "package-manager-download-refused", "401"},
		{"the registry is down", func(s *scene) { s.registry.Close() }, "package-manager-download-failed", "connection refused"},
		{"other bytes", func(s *scene) {
			s.registry.publish("pnpm", "10.999.0", "", good)
			s.registry.archives["/pnpm/-/pnpm-10.999.0.tgz"] = archive(s.t, texts{"bin/pnpm.cjs": "echo other\n"})
		}, "checksum-mismatch", "pnpm-10.999.0.tgz"},
		{"no program in it", func(s *scene) { s.registry.publish("pnpm", "10.999.0", "", texts{"README": ""}) }, "", "the package has no bin/pnpm"},
		{"no registry, and no npm to ask", func(s *scene) { s.env = s.env.With("NPM_CONFIG_REGISTRY", "").With("PATH", "/nothing") }, "npm-registry-unknown", "names none"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, pinning("pnpm@10.999.0"))
			row.change(s)
			_, _, err := s.get()
			if err == nil || row.id != "" && !errors.Is(err, &failure.Failure{ID: row.id}) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %s with %q", err, row.id, row.says)
			}
		})
	}
}

func TestCredentialsAndTheDocumentOfAllVersions(t *testing.T) {
	s := newScene(t, pinning("pnpm@10.999.0"))
	s.registry.publish("pnpm", "10.999.0", "", texts{"bin/pnpm.cjs": pnpm, "bin/pnpx.cjs": pnpm})
	s.registry.answers["/pnpm"] = `{"versions":{"10.999.0":` + s.registry.answers["/pnpm/10.999.0"] + `}}`
	delete(s.registry.answers, "/pnpm/10.999.0") // which not all registries have
	s.registry.token = "secret"
	writeAll(t, s.app, texts{".npmrc": strings.TrimPrefix(s.registry.URL, "http:") + "/:_authToken=secret\n"})
	if _, _, err := s.get(); err != nil {
		t.Error(err)
	}
}

// The real programs, from the registry that npm is configured for.
func TestTheRealPrograms(t *testing.T) {
	node := tier.Program(t, "node")
	npm := tier.Program(t, "npm")
	versions := []string{"yarn@1.22.22", "yarn@4.18.1", "pnpm@10.34.9"}
	if os.Getenv("ARMATURE_MANAGERS") == tier.All {
		versions = append(versions, "yarn@2.4.2", "yarn@3.8.7", "pnpm@7.33.7", "pnpm@8.15.9", "pnpm@9.15.9", "pnpm@12.21.0", "bun@1.4.5", "bun@1.1.43")
	}
	for _, spec := range versions {
		t.Run(spec, func(t *testing.T) {
			s := newScene(t, pinning(spec))
			s.env = s.env.Without("NPM_CONFIG_REGISTRY").With("PATH", filepath.Dir(node)+":"+filepath.Dir(npm)+":"+os.Getenv("PATH"))
			program, _, err := s.get()
			if err != nil {
				t.Fatal(err)
			}
			_, want, _ := strings.Cut(spec, "@")
			s.env = s.env.With("YARN_IGNORE_PATH", "1").With("SKIP_YARN_COREPACK_CHECK", "1").With("pnpm_config_pm_on_fail", "ignore")
			if got := s.says(program, "--version"); got != want {
				t.Errorf("got %q, want %s", got, want)
			}
		})
	}
}
