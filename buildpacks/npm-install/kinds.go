package npminstall

import (
	"fmt"

	"github.com/armature-cnb/armature/internal/failure"
)

// A kind is one sort of fault that can be told from npm's code.
type kind struct {
	codes  []string
	words  string // which the report has, too; empty for any
	id     string
	cause  func(fault) string
	remedy func(fault) string

	transient bool // whether the same build may succeed later

	elsewhere func(f fault, host string) error // what it is when the host is not a registry's; nil for the same
}

// kinds are tried in this order; the first that fits is it.
var kinds = []kind{
	{
		codes: []string{"EUSAGE"}, words: "can only install packages",
		id:    "lockfile-out-of-step",
		cause: func(f fault) string { return "the lockfile does not fit package.json" + failure.List(f.drift()) },
		remedy: func(f fault) string {
			return fmt.Sprintf("run `npx --yes npm@%s install --package-lock-only` in the project's folder, which is this build's npm, and commit the lockfile that it writes.", f.line())
		},
	},
	{
		codes: []string{"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH",
			"ENETDOWN", "EPIPE", "EAI_FAIL", "ERR_SOCKET_TIMEOUT", "ERR_SOCKET_CONNECTION_TIMEOUT", "ECONNECTIONTIMEOUT", "EIDLETIMEOUT", "ERESPONSETIMEOUT",
			"ETRANSFERTIMEOUT", "FETCH_ERROR", "E408", "E429", "E500", "E502", "E503", "E504", "E507", "E509", "E520", "E521", "E522", "E523", "E524"},
		id:    "npm-registry-unreachable",
		cause: func(f fault) string { return "the npm registry cannot be reached: " + f.detail() },
		remedy: func(f fault) string {
			if host := f.lockedElsewhere(); host != "" {
				return fmt.Sprintf("let the build's network reach %s, which the lockfile names and npm's configuration does not; "+
					"or put replace-registry-host=always into the project's .npmrc, so that npm asks the registry of its configuration.", host)
			}
			return "try again, and check that the build's network reaches the registry. Behind a proxy set HTTPS_PROXY; " +
				"for a registry of your own set NPM_CONFIG_REGISTRY, or give its address in the .npmrc of a service binding of the type npmrc."
		},
		transient: true, elsewhere: sourceUnreachable,
	},
	{
		codes: []string{"SELF_SIGNED_CERT_IN_CHAIN", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_GET_ISSUER_CERT",
			"UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "CERT_UNTRUSTED", "CERT_SIGNATURE_FAILURE"},
		id: "ca-unknown",
		cause: func(f fault) string {
			return f.server("the registry") + "'s certificate is not of an authority that is known here: " + f.detail()
		},
		remedy: always("add the authority's certificate with a service binding of the type ca-certificates. " +
			"Never switch the check off: what is installed then may be anybody's."),
	},
	{
		codes:  []string{"CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID", "ERR_TLS_CERT_ALTNAME_INVALID"},
		id:     "certificate-invalid",
		cause:  func(f fault) string { return f.server("the registry") + "'s certificate does not hold: " + f.detail() },
		remedy: always("check the build machine's clock and the server's address; if both are right, the server needs a new certificate."),
	},
	{
		codes: []string{"EINTEGRITY"},
		id:    "package-integrity-mismatch",
		cause: func(f fault) string { return "a package is not the one that the lockfile names: " + f.detail() },
		remedy: always("do not ignore it: the archive differs from the one that was locked. Check that the registry or mirror is the right one. " +
			"If the package was published anew on purpose, delete its entry from the lockfile, run `npm install` and commit the result."),
	},
	{
		codes:  []string{"ENOSPC", "EDQUOT"},
		id:     "disk-full",
		cause:  func(f fault) string { return "the disk is full: " + f.detail() },
		remedy: always("free some space where the build runs: `docker system df` shows what takes it there, `docker system prune` frees it."),
	},
	{
		codes: []string{"ERESOLVE"},
		id:    "dependency-conflict",
		cause: func(f fault) string {
			return "two packages want versions of a third that cannot both be had" + failure.List(f.conflict())
		},
		remedy: always("make the ranges in package.json agree, or force one with \"overrides\". As the last resort put legacy-peer-deps=true into the " +
			"project's .npmrc, which is how npm 6 treated the conflict."),
	},
	{
		codes:     []string{"E401", "ENEEDAUTH", "EOTP"},
		elsewhere: sourceRefuses,
		id:        "npm-registry-unauthorized",
		cause:     func(f fault) string { return "the registry wants a login: " + f.detail() },
		remedy: always("give a valid token in the .npmrc of a service binding of the type npmrc (//HOST/:_authToken=…). " +
			"A token in an environment variable is read by a .npmrc that says ${NAME}, if the build has that variable."),
	},
	{
		codes:     []string{"E403", "E402", "E451"},
		elsewhere: sourceRefuses,
		id:        "npm-registry-forbidden",
		cause:     func(f fault) string { return "the registry refuses to give a package: " + f.detail() },
		remedy:    always("check that the token may read the package, and that no policy of the registry blocks this version."),
	},
	{
		codes:     []string{"E404", "E410"},
		elsewhere: sourceRefuses,
		id:        "package-not-found",
		cause:     func(f fault) string { return "the registry does not have a package: " + f.detail() },
		remedy: always("check the name in package.json. Registries also answer so for a private package without a login: " +
			"then give a token, and the scope's registry, in the .npmrc of a service binding of the type npmrc."),
	},
	{
		codes:  []string{"ETARGET", "ENOVERSIONS"},
		id:     "package-version-not-found",
		cause:  func(f fault) string { return "no version of a package fits: " + f.detail() },
		remedy: always("choose a range that the registry has a version for: `npm view NAME versions` lists them. A mirror may lag behind."),
	},
	{
		codes: []string{"EBADENGINE"},
		id:    "engine-mismatch",
		cause: func(f fault) string {
			return "a package does not run on this Node.js or npm" + failure.List(f.engine())
		},
		remedy: always("choose another Node.js with engines.node in package.json or BP_NODE_VERSION, or take engine-strict out of the .npmrc."),
	},
	{
		codes: []string{"EBADPLATFORM"},
		id:    "package-platform-mismatch",
		cause: func(f fault) string { return "a package is not made for the target: " + f.detail() },
		remedy: always("list it under optionalDependencies, so that it is left out where it does not run, or find one that supports the target. " +
			"Where it is the project itself, let os, cpu and libc in its package.json allow the target."),
	},
	{
		codes:  []string{"EJSONPARSE", "EINVALIDPACKAGENAME", "EINVALIDTAGNAME", "EOVERRIDE", "EOVERRIDEVALUE", "EDUPLICATEWORKSPACE", "EWORKSPACESCONFIG", "EWORKSPACESINVALID"},
		id:     "package-json-invalid",
		cause:  func(f fault) string { return "npm cannot use a package.json or a lockfile: " + f.detail() },
		remedy: always("correct what it names; `npm install` in the project's folder says the same when it is not yet right."),
	},
	{
		codes: []string{"ESTRICTALLOWSCRIPTS"},
		id:    "install-scripts-not-allowed",
		cause: func(f fault) string {
			return "packages have install scripts that package.json neither allows nor denies" + failure.List(f.scripted())
		},
		remedy: always("run `npm install-scripts approve NAME`, or deny, for each and commit package.json, or take strict-allow-scripts out of the .npmrc."),
	},
	{
		codes:  []string{"EUNKNOWNCONFIG"},
		id:     "npm-config-unknown",
		cause:  func(f fault) string { return "npm does not know a setting: " + f.detail() },
		remedy: always("take it out of the .npmrc or the environment; newer versions of npm no longer ignore what they do not know."),
	},
	{
		codes:  []string{"EINVALIDPROXY", "EUNSUPPORTEDPROXY", "E407"},
		id:     "npm-proxy-refuses",
		cause:  func(f fault) string { return "the proxy to the npm registry cannot be used: " + f.detail() },
		remedy: always("set HTTPS_PROXY and HTTP_PROXY to the address of an HTTP proxy, http://USER:PASSWORD@HOST:PORT where it wants a login, and NO_PROXY to the hosts that are reached without it."),
	},
	{
		codes: []string{"EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG"},
		id:    "npm-registry-no-tls",
		cause: func(f fault) string {
			return "what answers in place of " + f.server("the npm registry") + " does not speak TLS: " + f.detail()
		},
		remedy: always("check the registry's address and the proxy's: one of them says https:// where the server speaks http."),
	},
	{
		codes: []string{"ENOTCACHED"},
		id:    "npm-cache-incomplete",
		cause: func(f fault) string {
			return "npm may not use the network, and its cache lacks a package: " + f.detail()
		},
		remedy: always("fill the folder npm-cache of the app again, with `npm ci --cache npm-cache` after it was deleted, for every platform that is built for (--os, --cpu); or build without NPM_CONFIG_OFFLINE."),
	},
	{
		codes:     []string{"EBADSIZE", "Z_DATA_ERROR", "Z_BUF_ERROR", "TAR_BAD_ARCHIVE", "ERR_STREAM_PREMATURE_CLOSE", "EINCOMPLETEMANIFEST"},
		id:        "package-archive-broken",
		cause:     func(f fault) string { return "a package arrived broken: " + f.detail() },
		remedy:    always("try again. If it stays so, the registry or a proxy before it keeps a broken copy."),
		transient: true,
	},
	{
		codes: []string{"EBADDEVENGINES"},
		id:    "dev-engines-mismatch",
		cause: func(f fault) string {
			return "devEngines of package.json refuses this Node.js or npm" + failure.List(f.devEngines())
		},
		remedy: always("let devEngines and the build agree: BP_NODE_VERSION and BP_NPM_VERSION choose the build's; \"onFail\": \"warn\" in devEngines lets npm go on."),
	},
	{
		codes: []string{"EALLOWGIT", "EALLOWREMOTE", "EALLOWFILE", "EALLOWDIRECTORY"},
		id:    "dependency-source-not-allowed",
		cause: func(f fault) string {
			return "npm's policy refuses where a dependency comes from" + failure.List(f.refused())
		},
		remedy: always("take the package from a registry; or allow what package.json itself names with allow-git=root or allow-remote=root in the project's .npmrc. npm 12 and later allow neither by default."),
	},
	{
		codes: []string{"ENOGIT"},
		id:    "git-missing", cause: gitMissing, remedy: always(gitRemedy),
	},
	{
		codes: []string{"ENOENT"}, words: "spawn git",
		id: "git-missing", cause: gitMissing, remedy: always(gitRemedy),
	},
	{
		codes:  []string{"ENOENT", "ENOTDIR", "EISDIR"},
		id:     "file-missing",
		cause:  func(f fault) string { return "npm does not find a file, or finds no file there: " + f.detail() },
		remedy: always("let it be part of what is uploaded: look for it in .dockerignore, .gitignore, and exclude of project.toml; or take out what names it, in package.json or .npmrc."),
	},
	{
		codes: []string{"ERR_INVALID_URL"},
		id:    "npm-address-invalid",
		cause: func(f fault) string { return "npm's configuration has something in place of an address: " + f.detail() },
		remedy: always("correct registry, proxy or https-proxy in .npmrc, NPM_CONFIG_REGISTRY or HTTPS_PROXY: https://registry.example.com/ for example. " +
			"A variable in .npmrc, ${NAME}, has to be set during the build."),
	},
	{
		codes: []string{"ERR_INVALID_AUTH"},
		id:    "npm-auth-invalid",
		cause: func(f fault) string {
			return "a login in npm's configuration does not say for which registry it is: " + f.detail()
		},
		remedy: always("write //HOST/:_authToken=… or //HOST/:_auth=… into the .npmrc, with the registry's host; `npm config fix` in the project's folder does so."),
	},
	{
		codes: []string{"E400", "E405", "E406", "E409", "E418", "E422", "E501", "E505"},
		id:    "npm-registry-odd",
		cause: func(f fault) string {
			return "what is asked does not answer as an npm registry does: " + f.detail()
		},
		remedy: always("check the registry's address: registry= in .npmrc, the npmrc binding or NPM_CONFIG_REGISTRY."),
	},
	{
		codes: []string{"128", "1"}, words: "git error",
		id: "git-dependency-failed",
		cause: func(f fault) string {
			return "a dependency cannot be had from its git repository" + failure.List(f.git())
		},
		remedy: fault.gitRemedy,
	},
	{
		codes:  []string{"EUNSUPPORTEDPROTOCOL"},
		id:     "dependency-protocol-unknown",
		cause:  func(f fault) string { return "npm does not know how a dependency is named: " + f.detail() },
		remedy: always("workspace:, catalog:, portal: and patch: are of pnpm and Yarn. Give npm a version range; it prefers a workspace that fits it."),
	},
	{
		codes:  []string{"EACCES", "EPERM", "EROFS"},
		id:     "file-not-permitted",
		cause:  func(f fault) string { return "npm may not read or write a file: " + f.detail() },
		remedy: always("let the build's user own the app's files, and write to no place outside of the app. Volumes that are mounted read-only cannot hold node_modules."),
	},
}

// sourceUnreachable and sourceRefuses are the failures for what comes from
// another host than the registry's.
func sourceUnreachable(f fault, host string) error {
	return &failure.Failure{
		ID:    "dependency-source-unreachable",
		Cause: fmt.Sprintf("%s failed: a dependency comes from %s, which cannot be reached: %s", f.command(), host, f.detail()),
		Remedy: fmt.Sprintf("let the build's network reach %s, behind a proxy with HTTPS_PROXY, and try again; or take the package from a registry. "+
			"package.json or the lockfile names that host; a git dependency on GitHub comes as an archive from codeload.github.com.", host),
		Transient: true,
	}
}

func sourceRefuses(f fault, host string) error {
	return &failure.Failure{
		ID:    "dependency-source-refused",
		Cause: fmt.Sprintf("%s failed: a dependency comes from %s, which does not give it: %s", f.command(), host, f.detail()),
		Remedy: "check the address in package.json and the lockfile. What is private is refused so without a login: " +
			"name a repository by git+https:// with a token in the build's git configuration, or publish the package in a registry.",
	}
}

func gitMissing(fault) string {
	return "a dependency comes from a git repository, and the build image has no git"
}

const gitRemedy = "use a build image with git, or take the package from a registry or as an archive: https://github.com/OWNER/NAME/archive/COMMIT.tar.gz."

// always is a remedy that is the same for every fault.
func always(text string) func(fault) string { return func(fault) string { return text } }
