package npminstall_test

import (
	"fmt"
	"net/http"
)

// dependencyFailures are those of what a dependency is, and where it comes from.
var dependencyFailures = []failing{
	{"archive-differs", "package-integrity-mismatch", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npms.lock(s.env, s.app)
		other := s.npms.releases["word"]["1.1.0"]
		s.npms.releases["word"]["1.0.0"] = other
	}},
	{"dependency-conflict", "dependency-conflict", func(s *scene) {
		s.npms.publish("plugin", "1.0.0", map[string]any{"peerDependencies": map[string]string{"word": "1.1.0"}}, nil)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"word":"1.0.0","plugin":"1.0.0"}}`})
	}},
	{"engine-mismatch", "engine-mismatch", func(s *scene) {
		s.npms.publish("old", "1.0.0", map[string]any{"engines": map[string]string{"node": "0.10"}}, nil)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"old":"1.0.0"}}`, ".npmrc": "engine-strict=true\n"})
	}},
	{"not-for-this-platform", "package-platform-mismatch", func(s *scene) {
		s.npms.publish("mac", "1.0.0", map[string]any{"os": []string{"darwin"}}, nil)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"mac":"1.0.0"}}`})
	}},
	{"archive-of-a-host-that-does-not-answer", "dependency-source-unreachable", func(s *scene) {
		s.write(files{"package.json": fmt.Sprintf(`{"name":"app","version":"1.0.0","dependencies":{"x":"http://%s/x.tgz"}}`, elsewhere(s.t, nil)), ".npmrc": "allow-remote=all\n"})
	}},
	{"archive-of-a-host-that-does-not-have-it", "dependency-source-refused", func(s *scene) {
		s.write(files{"package.json": fmt.Sprintf(`{"name":"app","version":"1.0.0","dependencies":{"x":"http://%s/x.tgz"}}`, elsewhere(s.t, http.NotFoundHandler())), ".npmrc": "allow-remote=all\n"})
	}},
	{"archive-is-none", "package-archive-broken", func(s *scene) {
		s.write(files{"package.json": onWord})
		broken := s.npms.releases["word"]["1.0.0"]
		broken.tarball = broken.tarball[:len(broken.tarball)/2]
		s.npms.releases["word"]["1.0.0"] = broken
	}},
	{"git-not-allowed", "dependency-source-not-allowed", func(s *scene) {
		needNPMFrom(s.t, s.env, 12)
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"x":"git+https://git.example/x.git"}}`})
	}},
	{"git-missing", "git-missing", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"x":"git+https://git.example/x.git"}}`, ".npmrc": "allow-git=all\n"})
		s.env = s.env.With("PATH", only(s.t, s.env, "node", "npm", "sh", "env", "sed", "dirname", "uname", "basename"))
	}},
	{"git-repository-missing", "git-dependency-failed", func(s *scene) {
		s.write(files{
			"package.json": fmt.Sprintf(`{"name":"app","version":"1.0.0","dependencies":{"x":"git+%s/x.git"}}`, s.npms.URL),
			".npmrc":       "allow-git=all\n",
		})
	}},
	{"git-host-does-not-answer", "dependency-source-unreachable", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat(`printf 'npm error code 128\nnpm error An unknown git error occurred\nnpm error command git --no-replace-objects ls-remote https://user:x@git.example.com/a/b.git\nnpm error fatal: unable to access: Could not resolve host: git.example.com\n' >&2; exit 1`)
	}},
	{"git-host-does-not-answer-ssh", "dependency-source-unreachable", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat(`printf 'npm error code 128\nnpm error An unknown git error occurred\nnpm error command git --no-replace-objects ls-remote ssh://git@git.example.com:2299/a.git\nnpm error ssh: connect to host git.example.com port 2299: Connection refused\nnpm error fatal: Could not read from remote repository.\n' >&2; exit 1`)
	}},
	{"git-has-no-key", "git-dependency-failed", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat(`printf 'npm error code 128\nnpm error An unknown git error occurred\nnpm error command git --no-replace-objects ls-remote ssh://git@git.example.com/a.git\nnpm error git@git.example.com: Permission denied (publickey).\nnpm error fatal: Could not read from remote repository.\n' >&2; exit 1`)
	}},
	{"git-commit-missing", "git-dependency-failed", func(s *scene) {
		s.write(files{"package.json": onWord})
		s.npmThat(`printf 'npm error code 128\nnpm error An unknown git error occurred\nnpm error command git --no-replace-objects checkout f38794de84cb09e81e8388cad84cfb8aadca6193\nnpm error fatal: unable to read tree (f38794de84cb09e81e8388cad84cfb8aadca6193)\n' >&2; exit 1`)
	}},
	{"locked-archive-missing", "file-missing", func(s *scene) {
		s.write(files{
			"package.json":      `{"name":"app","version":"1.0.0","dependencies":{"digital":"file:digital.tgz"}}`,
			"package-lock.json": `{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"app","version":"1.0.0","dependencies":{"digital":"file:digital.tgz"}},"node_modules/digital":{"version":"1.0.0","resolved":"file:digital.tgz"}}}`,
		})
	}},
	{"archive-missing", "linked-folder-missing", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"x":"file:vendor/x.tgz"}}`})
	}},
	{"folder-missing", "linked-folder-missing", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"x":"../x"}}`})
	}},
	{"protocol-of-another-manager", "dependency-protocol-unknown", func(s *scene) {
		s.write(files{"package.json": `{"name":"app","version":"1.0.0","dependencies":{"x":"workspace:*"}}`})
	}},
}
