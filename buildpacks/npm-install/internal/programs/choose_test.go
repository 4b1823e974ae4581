package programs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/internal/failure"
)

func TestChoose(t *testing.T) {
	const berry = "# Yarn\n\n__metadata:\n  version: %d\n  cacheKey: 10c0\n"
	pnpm := func(version string) string { return "lockfileVersion: " + version + "\n" }
	for _, row := range []struct {
		name    string
		app     texts
		env     []string
		version string // what it begins with
		source  string
	}{
		{"pnpm's setting", texts{"pnpm-lock.yaml": pnpm("'9.0'"), "package.json": `{"packageManager":"pnpm@10.1.0"}`}, []string{"BP_PNPM_VERSION=9.15.9"}, "9.15.9", "BP_PNPM_VERSION"},
		{"a range in the setting has its newest, whatever the lockfile is of", texts{"pnpm-lock.yaml": pnpm("'9.0'")}, []string{"BP_PNPM_VERSION=>=9"}, "12.", "BP_PNPM_VERSION"},
		{"packageManager", texts{"package.json": `{"packageManager":"pnpm@10.1.0+sha512.ab","engines":{"pnpm":"9"}}`}, nil, "10.1.0", "packageManager of package.json"},
		{"packageManager with a part of a version", texts{"package.json": `{"packageManager":"pnpm@9"}`}, nil, "9.", "packageManager of package.json"},
		{"packageManager of another manager", texts{"package.json": `{"packageManager":"npm@11.0.0"}`, "pnpm-lock.yaml": pnpm("'9.0'")}, []string{"BP_NODE_PACKAGE_MANAGER=pnpm"}, "10.", "pnpm-lock.yaml, lockfileVersion 9.0"},
		{"devEngines", texts{"package.json": `{"devEngines":{"packageManager":{"name":"pnpm","version":"^9.1"}},"engines":{"pnpm":"8"}}`}, nil, "9.", "devEngines.packageManager of package.json"},
		{"engines", texts{"package.json": `{"engines":{"pnpm":"^8.6"}}`}, nil, "8.", "engines.pnpm of package.json"},
		{"engines keep to the lockfile's line", texts{"package.json": `{"engines":{"pnpm":">=8"}}`, "pnpm-lock.yaml": pnpm("'9.0'")}, nil, "10.", "engines.pnpm of package.json"},
		{"engines of Yarn keep to the lockfile's line", texts{"package.json": `{"engines":{"yarn":">=1.22"}}`, "yarn.lock": "a@1:\n  version \"1.0.0\"\n"}, nil, "1.22.22", "engines.yarn of package.json"},
		{"words in engines", texts{"package.json": `{"engines":{"pnpm":"the newest"}}`, "pnpm-lock.yaml": pnpm("5.4")}, nil, "7.", "pnpm-lock.yaml, lockfileVersion 5.4"},
		{"mise.toml", texts{"pnpm-lock.yaml": pnpm("'9.0'"), "mise.toml": "[tools]\npnpm = { version = \"9.4\" }\n"}, nil, "9.4.", "mise.toml"},
		{".tool-versions", texts{"yarn.lock": fmt.Sprintf(berry, 8), ".tool-versions": "nodejs 22.1.0\nyarn 4.1.0 # pinned\n"}, nil, "4.1.0", ".tool-versions"},
		{"a tool that is elsewhere", texts{"bun.lock": "{}", ".tool-versions": "bun system\n"}, nil, "1.", "bun.lock"},
		{".bun-version", texts{"bun.lock": "{}", ".bun-version": "1.2.23\n"}, nil, "1.2.23", ".bun-version"},
		{"volta", texts{"package.json": `{"volta":{"yarn":"1.22.19"}}`, "yarn.lock": "a@1:\n  version \"1.0.0\"\n"}, nil, "1.22.19", "volta.yarn of package.json"},
		{"the lockfile of pnpm 6", texts{"pnpm-lock.yaml": pnpm("5.3")}, nil, "7.", "pnpm-lock.yaml, lockfileVersion 5.3"},
		{"that of pnpm 8", texts{"pnpm-lock.yaml": pnpm("'6.0'")}, nil, "8.", "pnpm-lock.yaml, lockfileVersion 6.0"},
		{"that of pnpm 12", texts{"pnpm-lock.yaml": "---\n" + pnpm("'9.0'") + "---\n" + pnpm("'9.0'")}, nil, "12.", "pnpm-lock.yaml, which has two documents"},
		{"that of Yarn 2", texts{"yarn.lock": fmt.Sprintf(berry, 4)}, nil, "2.4.2", "yarn.lock, __metadata version 4"},
		{"that of Yarn 3", texts{"yarn.lock": fmt.Sprintf(berry, 6)}, nil, "3.", "yarn.lock, __metadata version 6"},
		{"that of Yarn 4", texts{"yarn.lock": fmt.Sprintf(berry, 8)}, nil, "4.", "yarn.lock, __metadata version 8"},
		{"Bun's", texts{"bun.lock": "{}"}, nil, "1.", "bun.lock"},
		{"latest is the newest of the table", texts{"package.json": `{"packageManager":"bun@latest"}`}, nil, "1.4.", "packageManager of package.json"},
		{"no lockfile", texts{}, []string{"BP_NODE_PACKAGE_MANAGER=pnpm"}, "10.", "the default"},
		{"no lockfile, but configuration of Yarn 4", texts{".yarnrc.yml": "nodeLinker: node-modules\n"}, nil, "4.", ".yarnrc.yml"},
		{"an exact version that the table lacks", texts{"package.json": `{"packageManager":"pnpm@10.999.0"}`}, nil, "10.999.0", "packageManager of package.json"},
		{"a vendored Yarn", texts{"package.json": `{"packageManager":"yarn@4.1.0"}`, ".yarnrc.yml": "yarnPath: .yarn/releases/yarn-3.6.1.cjs\n", ".yarn/releases/yarn-3.6.1.cjs": ""}, nil, "3.6.1", "yarnPath of .yarnrc.yml"},
		{"a vendored Yarn 1", texts{".yarnrc": "yarn-path \"tools/yarn.js\"\n", "tools/yarn.js": ""}, nil, "", "yarn-path of .yarnrc"},
		{"the setting goes before a vendored Yarn", texts{".yarnrc.yml": "yarnPath: .yarn/releases/yarn-3.6.1.cjs\n"}, []string{"BP_YARN_VERSION=4.1.0"}, "4.1.0", "BP_YARN_VERSION"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(t, row.app)
			s.env = append(s.env, row.env...)
			got, err := s.choose()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(got.Version, row.version) || got.Source != row.source {
				t.Errorf("got %q by %q, want %q… by %q", got.Version, got.Source, row.version, row.source)
			}
		})
	}
}

func TestChooseRefuses(t *testing.T) {
	for _, row := range []struct {
		name string
		app  texts
		env  string
		id   string
		says string
	}{
		{"a tag", texts{"package.json": `{"packageManager":"pnpm@next-10"}`}, "", "package-manager-version-invalid", `packageManager of package.json asks for pnpm "next-10"`},
		{"an address", texts{"package.json": `{"packageManager":"yarn@https://example.com/yarn.js"}`}, "", "package-manager-version-invalid", "https://example.com"},
		{"words", texts{"bun.lock": "{}"}, "BP_BUN_VERSION=the best", "package-manager-version-invalid", "BP_BUN_VERSION"},
		{"a range of the future", texts{"bun.lock": "{}"}, "BP_BUN_VERSION=^99", "package-manager-version-unknown", "1.4."},
		{"a version of the past", texts{"package.json": `{"packageManager":"pnpm@6.35.1"}`}, "", "package-manager-too-old", "want 7 or later"},
		{"a missing vendored Yarn", texts{".yarnrc.yml": "yarnPath: .yarn/releases/yarn-3.6.1.cjs\n"}, "", "yarn-path-invalid", "there is no such file"},
		{"a vendored Yarn outside of the app", texts{".yarnrc.yml": "yarnPath: ../../../../../../../../../bin/sh\n"}, "", "yarn-path-invalid", "leads out of the app"},
		{"a vendored Yarn that is a folder", texts{".yarnrc.yml": "yarnPath: .yarn\n", ".yarn/a": ""}, "", "yarn-path-invalid", "it is no file"},
		{"configuration that is none", texts{".yarnrc.yml": "yarnPath: {\n"}, "", "yarnrc-invalid", ".yarnrc.yml"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newScene(t, row.app)
			s.env = append(s.env, row.env)
			_, err := s.choose()
			if !errors.Is(err, &failure.Failure{ID: row.id}) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %s with %q", err, row.id, row.says)
			}
		})
	}
}
