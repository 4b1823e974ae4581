package npminstall

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// fault is a failed call of npm.
type fault struct {
	outcome.Outcome // its output includes that of scripts that npm ran

	args  []string
	debug string // npm's debug log
	dir   string // the project's folder
	npm   string // npm's version

	registries func() []string // returns the hosts of the configured registries; nil if unknown
}

// errorCode matches npm's error code: "npm error code EUSAGE", of npm 9 "npm ERR!
// code EUSAGE", or in a debug log "12 error code EUSAGE".
var errorCode = regexp.MustCompile(`(?m)^(?:npm (?:error|ERR!)|\d+ error) code (\S+)`)

// errorLine matches the other lines of npm's error report.
var errorLine = regexp.MustCompile(`(?m)^npm (?:error|ERR!)(?: |$)(.*)$`)

// logLine matches the same in a debug log.
var logLine = regexp.MustCompile(`(?m)^\d+ error(?: |$)(.*)$`)

// refusedOption matches Node.js's message about an option that it refuses.
var refusedOption = regexp.MustCompile(`\S+ is not allowed in NODE_OPTIONS`)

// unknownFault is the id of the failure for an unclassified fault.
const unknownFault = "npm-failed"

// classify turns a fault into a [failure.Failure]. An unknown one has the id
// npm-failed and repeats npm's message.
func classify(f fault) error {
	if host, words := f.gitUnreachable(); host != "" {
		return gitHostUnreachable(f, host, words)
	}
	if k, ok := f.kind(); ok {
		return k.failure(f)
	}
	if script, ok := f.script(); ok {
		return within(f.command(), script.Failure())
	}
	if f.args[0] != "run" && f.RanOutOfMemory() {
		return &failure.Failure{ID: outcome.Memory.ID, Cause: f.command() + " failed: " + outcome.Memory.Cause, Remedy: outcome.Memory.Remedy}
	}
	if found := refusedOption.FindString(f.Output); found != "" {
		return &failure.Failure{
			ID:     "node-options-invalid",
			Cause:  fmt.Sprintf("%s failed: Node.js does not take its options: %s", f.command(), found),
			Remedy: "correct NODE_OPTIONS of the build; `node --help` lists what this Node.js takes.",
		}
	}
	if odd := oddField(f.dir); odd != "" {
		return &failure.Failure{
			ID:     packagejson.InvalidID,
			Cause:  fmt.Sprintf("%s failed%s: in %s %s", f.command(), after(f.said()), packagejson.FileName, odd),
			Remedy: "correct that field; `npm install` in the project's folder says the same as here until it is right.",
		}
	}
	return &failure.Failure{
		ID:     unknownFault,
		Cause:  fmt.Sprintf("%s failed with %s%s", f.command(), f.End(), after(f.said())),
		Remedy: "npm's output above says more; with BP_LOG_LEVEL=DEBUG and NPM_CONFIG_LOGLEVEL=verbose it says all it knows.",
	}
}

// within says which command of npm's a script's failure ended.
func within(command string, err error) error {
	var failed *failure.Failure
	if errors.As(err, &failed) {
		failed.Cause = command + " failed: " + failed.Cause
	}
	return err
}

// line returns npm's release line.
func (f fault) line() string {
	line, _, _ := strings.Cut(f.npm, ".")
	return line
}

func (f fault) command() string { return "npm " + f.args[0] }

// code returns npm's error code, or "".
func (f fault) code() string {
	for _, text := range []string{f.Output, f.debug} {
		if all := errorCode.FindAllStringSubmatch(text, -1); all != nil {
			return all[len(all)-1][1]
		}
	}
	return ""
}

// report returns npm's error report, without prefixes. It comes from the debug
// log if the log level hides it.
func (f fault) report() string {
	lines := errorLine.FindAllStringSubmatch(f.Output, -1)
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

// noise matches lines of a report that are not the cause.
var noise = regexp.MustCompile(`^(code |syscall |errno |path |cwd |hostname |A complete log of this run|Log files were not written|Note that you can also|` +
	`This is a problem related to network|In most cases you are behind|If you are behind a proxy|'proxy' config|Lifecycle script |workspace |location |$)`)

// tags matches npm's words before a message.
var tags = regexp.MustCompile(`^(?:(?:notarget|notsup|engine|network|enoent|EBADDEVENGINES)(?: |$)|Error:|FetchError:|\d{3} (\d{3} ))\s*`)

// opensslWords matches an error of OpenSSL, with its message as submatch.
var opensslWords = regexp.MustCompile(`(?:write EPROTO )?[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):.*`)

// detail returns what happened: [fault.said], or else how the process ended.
func (f fault) detail() string {
	if said := f.said(); said != "" {
		return said
	}
	return f.End()
}

// said returns the first line of the report with a cause, or else the last words
// of the program that ran, or "".
func (f fault) said() string {
	for line := range strings.Lines(f.report()) {
		if line = tags.ReplaceAllString(strings.TrimSpace(line), "$1"); !noise.MatchString(line) {
			line, _, _ = strings.Cut(line, "; if the root CA is installed locally") // advice for the user's own machine
			return opensslWords.ReplaceAllString(line, "$1")
		}
	}
	return f.lastWords()
}

// linesWith returns the lines of the report that begin with one of the words,
// without duplicates and npm's tags.
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

// drift lists the differences between the lockfile and package.json.
func (f fault) drift() []string { return f.linesWith("Missing: ", "Invalid: ") }

// conflict lists the conflicting packages.
func (f fault) conflict() []string {
	return f.linesWith("Found: ", "peer ", "peerOptional ", "Could not resolve dependency", "While resolving: ")
}

// engine lists the package that refuses to run, and its requirement.
func (f fault) engine() []string { return f.linesWith("Not compatible with", "Required: ", "Actual: ") }

// devEngines lists the requirements of devEngines.
func (f fault) devEngines() []string {
	return f.linesWith("Invalid name", "Invalid semver", "Invalid engine")
}

// refused lists the dependencies that npm's policy refuses.
func (f fault) refused() []string { return f.linesWith("Refusing to fetch") }

// git lists git's command and message.
func (f fault) git() []string {
	return f.linesWith("command git", "fatal: ", "remote: ", "ssh: ", "git@", "Permission denied")
}

// scripted lists the packages whose scripts npm's policy blocks.
func (f fault) scripted() []string {
	var all []string
	for line := range strings.Lines(f.report()) {
		if name, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "  "); ok {
			all = append(all, strings.TrimSpace(name))
		}
	}
	return all
}

// unmet lists missing and unsuitable packages of vendored modules.
func (f fault) unmet() []string { return f.linesWith("missing: ", "invalid: ") }
