package npminstall

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
)

// fault is a call of npm that ended badly.
type fault struct {
	args   []string
	err    error  // of the process
	output string // the last that npm and the scripts below it printed
	debug  string // npm's debug log
	dir    string // the project's folder
}

// errorCode finds npm's code for what went wrong: "npm error code EUSAGE", of
// npm 9 "npm ERR! code EUSAGE", or in a debug log "12 error code EUSAGE".
var errorCode = regexp.MustCompile(`(?m)^(?:npm (?:error|ERR!)|\d+ error) code (\S+)`)

// errorLine finds the other lines that npm reports an error by.
var errorLine = regexp.MustCompile(`(?m)^npm (?:error|ERR!)(?: |$)(.*)$`)

// logLine finds the same in a debug log.
var logLine = regexp.MustCompile(`(?m)^\d+ error(?: |$)(.*)$`)

// A kind is one sort of fault that can be told from npm's code.
type kind struct {
	codes  []string
	words  string // which the report has, too; empty for any
	id     string
	cause  func(fault) string
	remedy string

	transient bool // whether the same build may succeed later
}

// kinds are tried in this order; the first that fits is it.
var kinds = []kind{
	{
		codes: []string{"EUSAGE"}, words: "can only install packages",
		id:    "lockfile-out-of-step",
		cause: func(f fault) string { return "the lockfile does not fit package.json" + list(f.drift()) },
		remedy: "run `npm install` in the project's folder, with the same major version of npm as the build's where you can, " +
			"and commit the lockfile that it writes.",
	},
	{
		codes: []string{"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH",
			"ENETDOWN", "EPIPE", "ERR_SOCKET_TIMEOUT", "ERR_SOCKET_CONNECTION_TIMEOUT", "FETCH_ERROR", "E500", "E502", "E503", "E504", "E429"},
		id:    "npm-registry-unreachable",
		cause: func(f fault) string { return "the npm registry cannot be reached: " + f.detail() },
		remedy: "try again, and check that the build's network reaches the registry. Behind a proxy set HTTPS_PROXY; " +
			"for a registry of your own set NPM_CONFIG_REGISTRY, or give its address in the .npmrc of a service binding of the type npmrc.",
		transient: true,
	},
	{
		codes: []string{"SELF_SIGNED_CERT_IN_CHAIN", "DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_GET_ISSUER_CERT",
			"UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "CERT_UNTRUSTED", "CERT_SIGNATURE_FAILURE"},
		id: "ca-unknown",
		cause: func(f fault) string {
			return "the registry's certificate is not of an authority that is known here: " + f.detail()
		},
		remedy: "add the authority's certificate with a service binding of the type ca-certificates. " +
			"Never switch the check off: what is installed then may be anybody's.",
	},
	{
		codes:  []string{"CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID", "ERR_TLS_CERT_ALTNAME_INVALID"},
		id:     "certificate-invalid",
		cause:  func(f fault) string { return "the registry's certificate does not hold: " + f.detail() },
		remedy: "check the build machine's clock and the registry's address; if both are right, the registry needs a new certificate.",
	},
	{
		codes: []string{"EINTEGRITY"},
		id:    "package-integrity-mismatch",
		cause: func(f fault) string { return "a package is not the one that the lockfile names: " + f.detail() },
		remedy: "do not ignore it: the archive differs from the one that was locked. Check that the registry or mirror is the right one. " +
			"If the package was published anew on purpose, delete its entry from the lockfile, run `npm install` and commit the result.",
	},
	{
		codes:  []string{"ENOSPC", "EDQUOT"},
		id:     "disk-full",
		cause:  func(f fault) string { return "the disk is full: " + f.detail() },
		remedy: "free some space where the build runs: `docker system df` shows what takes it there, `docker system prune` frees it.",
	},
	{
		codes: []string{"ERESOLVE"},
		id:    "dependency-conflict",
		cause: func(f fault) string {
			return "two packages want versions of a third that cannot both be had" + list(f.conflict())
		},
		remedy: "make the ranges in package.json agree, or force one with \"overrides\". As the last resort put legacy-peer-deps=true into the " +
			"project's .npmrc, which is how npm 6 treated the conflict.",
	},
	{
		codes: []string{"E401", "ENEEDAUTH", "EOTP"},
		id:    "npm-registry-unauthorized",
		cause: func(f fault) string { return "the registry wants a login: " + f.detail() },
		remedy: "give a valid token in the .npmrc of a service binding of the type npmrc (//HOST/:_authToken=…). " +
			"A token in an environment variable is read by a .npmrc that says ${NAME}, if the build has that variable.",
	},
	{
		codes:  []string{"E403"},
		id:     "npm-registry-forbidden",
		cause:  func(f fault) string { return "the registry refuses to give a package: " + f.detail() },
		remedy: "check that the token may read the package, and that no policy of the registry blocks this version.",
	},
	{
		codes: []string{"E404"},
		id:    "package-not-found",
		cause: func(f fault) string { return "the registry does not have a package: " + f.detail() },
		remedy: "check the name in package.json. Registries also answer so for a private package without a login: " +
			"then give a token, and the scope's registry, in the .npmrc of a service binding of the type npmrc.",
	},
	{
		codes:  []string{"ETARGET", "ENOVERSIONS"},
		id:     "package-version-not-found",
		cause:  func(f fault) string { return "no version of a package fits: " + f.detail() },
		remedy: "choose a range that the registry has a version for: `npm view NAME versions` lists them. A mirror may lag behind.",
	},
	{
		codes:  []string{"EBADENGINE"},
		id:     "engine-mismatch",
		cause:  func(f fault) string { return "a package does not run on this Node.js or npm" + list(f.engine()) },
		remedy: "choose another Node.js with engines.node in package.json or BP_NODE_VERSION, or take engine-strict out of the .npmrc.",
	},
	{
		codes:  []string{"EBADPLATFORM"},
		id:     "package-platform-mismatch",
		cause:  func(f fault) string { return "a package is not made for the target: " + f.detail() },
		remedy: "list it under optionalDependencies, so that it is left out where it does not run, or find one that supports the target.",
	},
	{
		codes:  []string{"EJSONPARSE"},
		id:     "package-json-invalid",
		cause:  func(f fault) string { return "npm cannot read a JSON file: " + f.detail() },
		remedy: "correct the file that is named.",
	},
	{
		codes: []string{"ESTRICTALLOWSCRIPTS"},
		id:    "install-scripts-not-allowed",
		cause: func(f fault) string {
			return "packages have install scripts that package.json neither allows nor denies" + list(f.scripted())
		},
		remedy: "run `npm install-scripts approve NAME`, or deny, for each and commit package.json, or take strict-allow-scripts out of the .npmrc.",
	},
	{
		codes:  []string{"EUNKNOWNCONFIG"},
		id:     "npm-config-unknown",
		cause:  func(f fault) string { return "npm does not know a setting: " + f.detail() },
		remedy: "take it out of the .npmrc or the environment; newer versions of npm no longer ignore what they do not know.",
	},
}

// unknownFault is the id of the failure for a fault that is none of the kinds.
const unknownFault = "npm-failed"

// classify turns a fault into a [failure.Failure]. One that it does not know
// has the id npm-failed and repeats npm's own words.
func classify(f fault) error {
	report, code := f.report(), f.code()
	for _, k := range kinds {
		if slices.Contains(k.codes, code) && strings.Contains(report, k.words) {
			return &failure.Failure{ID: k.id, Cause: f.command() + " failed: " + k.cause(f), Remedy: k.remedy, Transient: k.transient}
		}
	}
	if script, ok := f.script(); ok {
		return script.failure(f)
	}
	return &failure.Failure{
		ID:     unknownFault,
		Cause:  f.command() + " failed: " + f.detail(),
		Remedy: "npm's output above says more; with BP_LOG_LEVEL=DEBUG and NPM_CONFIG_LOGLEVEL=verbose it says all it knows.",
		Err:    f.err,
	}
}

func (f fault) command() string { return "npm " + f.args[0] }

// code is npm's code, or empty.
func (f fault) code() string {
	for _, text := range []string{f.output, f.debug} {
		if all := errorCode.FindAllStringSubmatch(text, -1); all != nil {
			return all[len(all)-1][1]
		}
	}
	return ""
}

// report is what npm says about the error, without its prefixes. The debug
// log stands in when the log level hides it.
func (f fault) report() string {
	lines := errorLine.FindAllStringSubmatch(f.output, -1)
	if lines == nil {
		lines = logLine.FindAllStringSubmatch(f.debug, -1)
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line[1])
		b.WriteByte('\n')
	}
	return b.String()
}

// noise are lines of a report that are not the cause.
var noise = regexp.MustCompile(`^(code |syscall |errno |path |cwd |hostname |network |A complete log of this run|Log files were not written|Note that you can also|` +
	`This is a problem related to network|In most cases you are behind|If you are behind a proxy|'proxy' config|$)`)

// tags are words that npm puts before what it says.
var tags = regexp.MustCompile(`^(?:notarget|notsup|engine|Error:|FetchError:|\d{3} (\d{3} ))\s*`)

// detail is the first line of the report that says what happened.
func (f fault) detail() string {
	for line := range strings.Lines(f.report()) {
		if line = strings.TrimSpace(line); !noise.MatchString(line) {
			return tags.ReplaceAllString(line, "$1")
		}
	}
	if f.err != nil {
		return f.err.Error()
	}
	return "npm said nothing"
}

// linesWith returns the lines of the report that begin with one of the words,
// each once, without npm's tags.
func (f fault) linesWith(words ...string) []string {
	var all []string
	for line := range strings.Lines(f.report()) {
		line = tags.ReplaceAllString(strings.TrimSpace(line), "$1")
		begins := slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(line, word) })
		if begins && !slices.Contains(all, line) {
			all = append(all, line)
		}
	}
	return all
}

// drift lists how the lockfile and package.json differ.
func (f fault) drift() []string { return f.linesWith("Missing: ", "Invalid: ") }

// conflict lists the packages of a conflict.
func (f fault) conflict() []string {
	return f.linesWith("Found: ", "peer ", "peerOptional ", "Could not resolve dependency", "While resolving: ")
}

// engine lists the package that refuses to run, and what it wants.
func (f fault) engine() []string { return f.linesWith("Not compatible with", "Required: ", "Actual: ") }

// scripted lists the packages whose scripts npm's policy stops.
func (f fault) scripted() []string {
	var all []string
	for line := range strings.Lines(f.report()) {
		if name, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "  "); ok {
			all = append(all, strings.TrimSpace(name))
		}
	}
	return all
}

// unmet lists what is missing in vendored modules, or does not fit.
func (f fault) unmet() []string { return f.linesWith("missing: ", "invalid: ") }

// maxListed is how many lines of npm's a cause repeats.
const maxListed = 10

func list(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	more := ""
	if over := len(lines) - maxListed; over > 0 {
		lines, more = lines[:maxListed], fmt.Sprintf("\n  and %d more", over)
	}
	return ":\n  " + strings.Join(lines, "\n  ") + more
}

// exitCode is that of the process, or -1 when it did not get that far.
func (f fault) exitCode() int {
	if exit, ok := f.err.(*exec.ExitError); ok {
		return exit.ExitCode()
	}
	return -1
}
