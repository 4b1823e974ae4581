package npminstall_test

import ()

// projectFailures are those of the project's own files and settings, and of npm itself.
var projectFailures = []failing{
	{"lockfile-out-of-step", "lockfile-out-of-step", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npms.lock(s.env, s.app)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"word":"1.1.0","tool":"2.0.0"}}`})
	}},
	{"lockfile-invalid", "lockfile-invalid", func(s *scene) {
		s.write(files{"package.json": onWord, "package-lock.json": "{\n<<<<<<< HEAD\n"})
	}},
	{"the-project-not-for-this-platform", "package-platform-mismatch", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","os":["darwin"]}`})
	}},
	{"npm-says-something-else", "npm-failed", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat("echo first; echo the last words; echo; exit 7")
	}},
	{"npm-says-nothing", "npm-failed", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat("exit 7")
	}},
	{"killed-npm", "out-of-memory", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat("kill -9 $$")
	}},
	{"dev-engines", "dev-engines-mismatch", func(s *scene) {
		needNPMFrom(s.t, s.env, 11)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","devEngines":{"runtime":{"name":"node","version":"1","onFail":"error"}}}`})
	}},
	{"dependency-is-no-string", "package-json-invalid", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"word":null}}`})
	}},
	{"workspaces-are-null", "package-json-invalid", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","workspaces":null,"dependencies":{"word":"1.0.0"}}`})
	}},
	{"option-of-node-unknown", "node-options-invalid", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.env = s.env.With("NODE_OPTIONS", "--no-such-option")
	}},
	{"npm-version-missing", "package-version-not-found", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npms.publish("npm", "1.0.0", nil, nil)
		s.env = s.env.With("BP_NPM_VERSION", "99")
	}},
	{"npm-version-invalid", "npm-version-invalid", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.env = s.env.With("BP_NPM_VERSION", "eleven or so")
	}},
	{"npm-version-with-a-comma", "npm-version-invalid", func(s *scene) { // which npm itself refuses
		s.write(files{"package.json": onWord})
		s.env = s.env.With("BP_NPM_VERSION", ">=10, <12")
	}},
	{"name-of-a-package", "package-json-invalid", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"a name!":"1.0.0"}}`})
	}},
	{"two-workspaces-of-a-name", "package-json-invalid", func(s *scene) {
		s.write(files{
			"package.json":   `{"name":"app","version":"1.0.0","workspaces":["a","b"]}`,
			"a/package.json": `{"name":"w","version":"1.0.0"}`,
			"b/package.json": `{"name":"w","version":"1.0.0"}`,
		})
	}},
	{"setting-invalid", "setting-invalid", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.env = s.env.With("BP_DISABLE_SBOM", "yes")
	}},
	{"vendored-modules-incomplete", "vendored-modules-incomplete", func(s *scene) {
		s.write(files{"package.json": onWord, "node_modules/other/package.json": `{"name":"other","version":"1.0.0"}`})
	}},
}
