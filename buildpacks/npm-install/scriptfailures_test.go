package npminstall_test

import ()

// scriptFailures are those of what npm runs.
var scriptFailures = []failing{
	{"script-of-a-package", "package-script-failed", func(s *scene) { s.withScript("echo something is wrong; exit 3", nil) }},
	{"script-of-the-project", "package-script-failed", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"postinstall":"tsc"}}`})
	}},
	{"script-of-the-project-says-why", "package-script-failed", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"prepare":"node -e \"throw new TypeError('no such thing')\""}}`})
	}},
	{"script-of-the-project-for-another-target", "package-script-failed", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"prepare":"lefthook install"}}`})
	}},
	{"script-that-exits-for-another-target", "package-script-failed", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"postinstall":"node -e \"process.exit(3)\""}}`})
	}},
	{"script-that-speaks-for-another-target", "package-script-failed", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"postinstall":"printf 'fine\\n\\033[31mno licence key\\033[0m\\n\\n'; exit 4"}}`})
	}},
	{"hook-for-another-target", "package-script-failed", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"preprepare":"exit 5","prepare":"true"}}`})
	}},
	{"script-of-a-workspace-for-another-target", "package-script-failed", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{
			"package.json":            `{"name":"app","version":"1.0.0","workspaces":["packages/*"]}`,
			"packages/a/package.json": `{"name":"a","version":"1.0.0","scripts":{"postinstall":"node missing.js"}}`,
		})
		s.npms.lock(s.env, s.app)
	}},
	{"script-that-installs-for-another-target", "package-not-found", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","scripts":{"postinstall":"npm install --no-save nobody-has-this"}}`})
	}},
	{"script-of-the-project-with-modules", "package-script-failed", func(s *scene) {
		s.write(files{
			"package.json":                   `{"name":"app","version":"1.0.0","scripts":{"preinstall":"exit 6"},"dependencies":{"word":"1.0.0"}}`,
			"node_modules/word/package.json": `{"name":"word","version":"1.0.0"}`,
		})
	}},
	{"script-that-fetches", "script-host-unreachable", func(s *scene) {
		s.withScript("echo Error: getaddrinfo ENOTFOUND download.example >&2; exit 1", nil)
	}},
	{"script-that-fetches-with-curl-for-another-target", "script-host-unreachable", func(s *scene) {
		s.env = s.env.With("CNB_TARGET_ARCH", otherTarget(s.t).Arch)
		s.withScript("echo 'curl: (6) Could not resolve host: download.example' >&2; exit 6", nil)
	}},
	{"script-that-asks-this-machine", "package-script-failed", func(s *scene) {
		s.withScript("echo Error: connect ECONNREFUSED 127.0.0.1:5432 >&2; exit 1", nil)
	}},
	{"script-of-a-workspace", "package-script-failed", func(s *scene) {
		s.write(files{
			"package.json":            `{"name":"app","version":"1.0.0","workspaces":["packages/*"]}`,
			"packages/a/package.json": `{"name":"a","version":"1.0.0","scripts":{"postinstall":"exit 9"}}`,
		})
	}},
	{"out-of-memory", "out-of-memory", func(s *scene) {
		s.withScript(`node --max-old-space-size=20 -e "const a=[];for(;;)a.push(new Array(1000).fill({}))"`, nil)
	}},
	{"killed-script", "out-of-memory", func(s *scene) { s.withScript("kill -9 $$", nil) }},
	{"python-missing", "python-missing", func(s *scene) {
		s.withScript("node-gyp rebuild", files{"binding.gyp": `{"targets":[{"target_name":"x","sources":["x.c"]}]}`})
		s.env = s.env.With("PATH", only(s.t, s.env, "node", "npm", "sh", "env", "sed", "dirname", "uname", "basename"))
	}},
	{"make-missing", "compiler-missing", func(s *scene) {
		s.withScript("make", nil)
		s.env = s.env.With("PATH", only(s.t, s.env, "node", "npm", "sh", "env", "sed", "dirname", "uname", "basename"))
	}},
	{"script-runs-another-machines-program", "target-program-executed", func(s *scene) {
		s.withScript("chmod +x program && ./program", files{"program": library(otherTarget(s.t).ELF())})
	}},
	{"install-scripts-not-allowed", "install-scripts-not-allowed", func(s *scene) {
		needNPMFrom(s.t, s.env, 12)
		s.withScript("true", nil)
		s.write(files{
			"package.json": `{"name":"app","version":"1.0.0","dependencies":{"scripted":"1.0.0"}}`,
			".npmrc":       "strict-allow-scripts=true\n",
		})
	}},
}
