package pnpm

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/buildpacks/npm-install/internal/programs"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/modules"
)

func TestArgumentsForATargetAndAWorkspace(t *testing.T) {
	cross := modules.Part{Target: targets.LinuxARM64, Host: targets.LinuxAMD64}
	native := modules.Part{Target: targets.LinuxAMD64, Host: targets.LinuxAMD64, Dev: true}
	for _, tc := range []struct {
		version, workspace string
		part               modules.Part
		args               string
		shim               bool
	}{
		{"10.14.0", "", cross, "--os linux --cpu arm64 --libc glibc", false},
		{"10.14.0", "", native, "--os linux --cpu x64 --libc glibc", false},
		{"10.13.1", "", cross, "", true},
		{"10.13.1", "", native, "", false},
		{"7.33.7", "apps/api", cross, "--filter {apps/api}...", true},
		{"12.21.0", "apps/api", native, "--filter {apps/api}... --filter {.} --os linux --cpu x64 --libc glibc", false},
	} {
		v, err := parseVersion(tc.version)
		if err != nil {
			t.Fatal(err)
		}
		var args []string
		scratch := t.TempDir()
		p, err := pnpm{version: v, env: environ.List{"NODE_OPTIONS=--no-warnings"}}.forPart(tc.part, &args, tc.workspace, scratch)
		if err != nil || strings.Join(args, " ") != tc.args {
			t.Errorf("pnpm %s: got %q, %v, want %q", tc.version, args, err, tc.args)
		}
		options := p.env.Get("NODE_OPTIONS")
		if want := "--no-warnings --require " + filepath.Join(scratch, "target.cjs"); tc.shim != (options == want) || tc.shim != (p.env.Get("ARMATURE_TARGET_ARCH") == "arm64") {
			t.Errorf("pnpm %s: got NODE_OPTIONS=%s", tc.version, options)
		}
	}
}

func TestConfigurationOfTheBindingAndTheUser(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "binding"), "registry=https://a.example/\n//a.example/:_authToken=x")
	write(t, filepath.Join(dir, ".npmrc"), "registry=https://b.example/\n")
	m := &Manager{env: environ.List{"HOME=" + dir}, npmrc: filepath.Join(dir, "binding")}
	scratch := t.TempDir()
	path, err := m.writeConfig(scratch)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	const want = "registry=https://a.example/\n//a.example/:_authToken=x\nregistry=https://b.example/\n\n"
	if err != nil || string(text) != want {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	m = &Manager{env: environ.List{"HOME=" + t.TempDir()}}
	if path, err := m.writeConfig(scratch); path != "" || err != nil {
		t.Errorf("without any: got %q, %v", path, err)
	}
}

func TestSettingsInTheEnvironment(t *testing.T) {
	env := environ.List{
		"NPM_CONFIG_REGISTRY=https://me:secret@a.example/", "pnpm_config_node_linker=hoisted", "npm_config_store_dir=/x",
		"npm_config_//a.example/:_authToken=secret", "PATH=/bin",
	}
	got := settingsOf(env)
	if want := []string{"NPM_CONFIG_REGISTRY=https://a.example/", "pnpm_config_node_linker=hoisted"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if env = withConfig(env, "npm_config_", "registry", "https://b.example/"); env.Get("npm_config_registry") != "https://b.example/" || env.Get("NPM_CONFIG_REGISTRY") != "" {
		t.Errorf("got %q", env)
	}
	for value, want := range map[string]bool{"dev": true, "optional,dev": true, "prod": false, "": false} {
		m := &Manager{env: environ.List{"NPM_CONFIG_INCLUDE=" + value}}
		if got := m.keepsDev(); got != want {
			t.Errorf("include %q: got %v", value, got)
		}
	}
}

func TestScriptsThatOnlyCheckThePackageManager(t *testing.T) {
	for command, want := range map[string]bool{
		"npx only-allow pnpm": true, "npx -y only-allow pnpm": true, "pnpm dlx only-allow pnpm": true,
		"npx only-allow yarn": false, "npx only-allow pnpm && node setup.js": false,
	} {
		if got := onlyAllow.MatchString(command); got != want {
			t.Errorf("%s: got %v", command, got)
		}
	}
}

func TestTheLogLeavesOutWhatIsAlwaysTheSame(t *testing.T) {
	got := shown([]string{"install", "--frozen-lockfile", "--config.cache-dir=/x", "--store-dir", "/layers/x", "--reporter=append-only", "--prod"})
	if want := []string{"install", "--frozen-lockfile", "--prod"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	var out strings.Builder
	q := &quieter{to: &out}
	for _, part := range []string{"(node:1) [DEP0169] Dep", "recationWarning\n(Use `node --trace-deprecation`)\nDone", " in 1s\n"} {
		if n, err := q.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
	}
	if out.String() != "Done in 1s\n" {
		t.Errorf("got %q", out.String())
	}
}

func TestNodeGypComesWithPNPM(t *testing.T) {
	for _, program := range []string{"package/bin/pnpm.cjs", "package/pnpm"} {
		layer := t.TempDir()
		gyp := filepath.Join(layer, "package/dist/node-gyp-bin")
		for _, dir := range []string{gyp, filepath.Join(layer, "package/bin"), filepath.Join(layer, "bin")} {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		write(t, filepath.Join(layer, program), "x")
		command := filepath.Join(layer, "bin/pnpm")
		if err := os.Symlink("../"+program, command); err != nil {
			t.Fatal(err)
		}
		p := pnpm{program: programs.Program{Argv: []string{"node", command}}}
		if got := p.nodeGyp(); !slices.Equal(got, []string{gyp}) {
			t.Errorf("%s: got %q, want %q", program, got, gyp)
		}
	}
}
