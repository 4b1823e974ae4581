package npmtree

import (
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// harmless are npm's settings that do not change which files `npm ci
// --ignore-scripts` makes.
var harmless = strings.Fields(`
	_auth access all allow-same-version allow-scripts allow-scripts-pending allow-scripts-pin audit audit-level auth-type
	browser cache cache-max cache-min cidr color commit-hooks dangerously-allow-all-scripts depth description
	diff editor engine-strict=false fetch-retries fetch-retry-factor fetch-retry-maxtimeout fetch-retry-mintimeout fetch-timeout
	foreground-scripts format-package-lock fund git git-tag-version globalconfig heading if-present ignore-scripts
	init-author-email init-author-name init-author-url init-license init-module init-private init-type init-version
	init.author.email init.author.name init.author.url init.license init.module init.version
	json loglevel logs-dir logs-max long maxsockets message min-release-age min-release-age-exclude node-gyp node-options node-version
	nodedir npm-version offline otp package-lock parseable prefer-dedupe=false prefer-offline prefer-online=false
	prefix preid progress provenance read-only rebuild-bundle=true registry save save-bundle save-dev save-exact
	save-optional save-peer save-prefix save-prod scope script-shell searchexclude searchlimit searchopts searchstaleness shell
	sign-git-commit sign-git-tag strict-allow-scripts strict-peer-deps tag tag-version-prefix timing tmp unicode update-notifier
	user-agent userconfig viewer workspaces-update yes
	arch target-arch platform target-platform target-libc jobs python
	bin-links=true dry-run=false force=false global=false global-style=false install-links=false install-strategy=hoisted
	include-workspace-root=false legacy-bundling=false legacy-peer-deps=false link=false omit-lockfile-registry-resolved=false
	package-lock-only=false strict-ssl=true umask=0 shrinkwrap=true
	allow-directory=all allow-file=all allow-git replace-registry-host=npmjs`)

// known are the settings that [Options.Configure] reads, or package npmregistry.
var known = strings.Fields("cpu libc os legacy-peer-deps omit-lockfile-registry-resolved omit include dev production only also optional allow-remote cafile proxy https-proxy noproxy")

// switches are the known settings that are on or off.
var switches = strings.Fields("legacy-peer-deps omit-lockfile-registry-resolved production dev optional offline")

// Configure reads what npm's configuration says about the tree. Omit and include
// are npm's options --omit and --include; production says that NODE_ENV is that. A
// setting that is not known to be harmless is a [Handover].
func (o *Options) Configure(config *npmrc.Config, omit, include []string, production bool) error {
	for _, name := range config.Names() {
		if isOfRegistry(name) || slices.Contains(harmless, name) || slices.Contains(known, name) {
			continue
		}
		if value, _ := config.Get(name); !slices.Contains(harmless, name+"="+value) {
			return handover("npm has the setting %s", strings.TrimRight(name, "=[]"))
		}
	}
	if err := o.checkValues(config); err != nil {
		return err
	}
	is := func(name, value string) bool {
		text, _ := config.Get(name)
		return text == value
	}
	o.LegacyPeerDeps = is("legacy-peer-deps", "true")
	o.AllowsRemote = is("allow-remote", "all")
	o.HidesAddresses = is("omit-lockfile-registry-resolved", "true")
	if text, _ := config.Get("omit"); len(omit) == 0 && text != "" {
		omit = strings.Fields(text)
	} else if len(omit) == 0 && production {
		omit = []string{"dev"}
	}
	if text, _ := config.Get("include"); len(include) == 0 {
		include = strings.Fields(text)
	}
	switch {
	case is("only", "prod"), is("only", "production"), is("production", "true"):
		omit = append(omit, "dev")
	case is("production", "false"):
		include = append(include, "dev")
	}
	if is("also", "dev") || is("also", "development") || is("dev", "true") {
		include = append(include, "dev")
	}
	switch {
	case is("optional", "false"):
		omit = append(omit, "optional")
	case is("optional", "true"):
		include = append(include, "optional")
	}
	o.Omit = slices.DeleteFunc(slices.Clone(omit), func(kind string) bool { return slices.Contains(include, kind) })
	return nil
}

// checkValues hands over values that npm reads in a way of its own, such as 1, and
// another platform than the target.
func (o *Options) checkValues(config *npmrc.Config) error {
	for _, name := range switches {
		if value, has := config.Get(name); has && value != "true" && value != "false" {
			return handover("npm has the setting %s=%s", name, value)
		}
	}
	if value, has := config.Get("allow-remote"); has && value != "all" {
		return handover("npm has the setting allow-remote=%s", value)
	}
	for _, platform := range []struct{ name, target string }{{"os", o.Target.OS}, {"cpu", o.Target.CPU}, {"libc", o.Target.Libc}} {
		if value, has := config.Get(platform.name); has && value != platform.target {
			return handover("npm has the setting %s=%s, and the build is for %s", platform.name, value, platform.target)
		}
	}
	return nil
}

// isOfRegistry reports whether a setting is the address of a registry, or one of
// its credentials.
func isOfRegistry(name string) bool {
	if scope, ok := strings.CutSuffix(name, ":registry"); ok && strings.HasPrefix(scope, "@") {
		return true
	}
	for _, credential := range []string{":_authToken", ":_auth", ":username", ":_password", ":email", ":always-auth"} {
		if strings.HasPrefix(name, "//") && strings.HasSuffix(name, credential) {
			return true
		}
	}
	return false
}
