package npminstall

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// thrownError matches an uncaught exception, as Node.js prints it; npm repeats
// the output of a package's script with a prefix.
var thrownError = regexp.MustCompile(`(?m)^(?:npm (?:error|ERR!) )?(\w*Error: .*)$`)

// wrapped matches npm's prefix of reported or repeated lines.
var wrapped = regexp.MustCompile(`^npm (?:error|ERR!)(?: |$)`)

// ofNPM9 is npm 9's message about every failed script.
const ofNPM9 = "Error: command failed"

// frame matches lines about the place of an error, not its cause: npm's report
// about a script, its announcements, and the lines around an exception of
// Node.js.
var frame = regexp.MustCompile(`^(?:code |in workspace: |at location: |path |command |workspace |location |signal |errno |syscall |cwd |Lifecycle script |A complete log of this run|Log files were not written|` +
	`Exit status \d|> |at |\^|node:|Node\.js v\d|[{}\[\]();,]*$)`)

// lastWords returns the last error message of npm, or of the program that it ran:
// the last uncaught exception, or the last line, or "".
func (f fault) lastWords() string {
	for _, found := range slices.Backward(thrownError.FindAllStringSubmatch(f.Output, -1)) {
		if words := plain(found[1]); words != ofNPM9 {
			return words
		}
	}
	lines := strings.Split(f.Output, "\n")
	for _, line := range slices.Backward(lines) {
		line = plain(wrapped.ReplaceAllString(plain(line), ""))
		if line != "" && line != ofNPM9 && !frame.MatchString(line) {
			return line
		}
	}
	return ""
}

// escape matches terminal control sequences.
var escape = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)`)

// maxWords is the maximal length of a repeated line in characters.
const maxWords = 300

// plain returns a line without terminal control sequences, and shortened.
func plain(line string) string {
	line = strings.ToValidUTF8(escape.ReplaceAllString(line, ""), "?")
	line = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, line))
	if runes := []rune(line); len(runes) > maxWords {
		return string(runes[:maxWords]) + "…"
	}
	return line
}

// after appends words to a sentence, if there are any.
func after(words string) string {
	if words == "" {
		return ""
	}
	return ": " + words
}

// asked matches the address of npm's failed request.
var asked = regexp.MustCompile(`(?:request to|GET) (https?://\S+)`)

// elsewhere returns the host of npm's failed request if it is no registry's:
// package.json or the lockfile names an archive there, or a git repository that
// npm fetches as one. It is empty for a registry, and if unknown.
func (f fault) elsewhere() string {
	if u := f.unlisted(); u != nil && !strings.Contains(u.Path, inRegistry) {
		return u.Host
	}
	return ""
}

// lockedElsewhere returns the host of a registry in the lockfile that is not in
// npm's configuration; or "".
func (f fault) lockedElsewhere() string {
	if u := f.unlisted(); u != nil && strings.Contains(u.Path, inRegistry) {
		return u.Host
	}
	return ""
}

// inRegistry is in the path of every archive in a registry.
const inRegistry = "/-/"

// unlisted returns the address of npm's failed request, unless its host is a
// registry of npm's configuration.
func (f fault) unlisted() *url.URL {
	found := asked.FindStringSubmatch(f.report())
	if found == nil || f.registries == nil {
		return nil
	}
	u, err := url.Parse(found[1])
	if err != nil || u.Host == "" {
		return nil
	}
	registries := f.registries()
	if len(registries) == 0 || slices.Contains(registries, u.Host) {
		return nil
	}
	return u
}

// server describes the server in a sentence.
func (f fault) server(registry string) string {
	if host := f.elsewhere(); host != "" {
		return host
	}
	return registry
}

// registries returns the hosts of all registries that npm's configuration names
// for a folder, also for scopes; none if npm fails.
func (n npm) registries(dir string) []string {
	output, err := n.capture(dir, "config", "list", "--json")
	if err != nil {
		return nil
	}
	var settings map[string]any
	if json.Unmarshal(output, &settings) != nil {
		return nil
	}
	var hosts []string
	for key, value := range settings {
		if text, ok := value.(string); ok && (key == "registry" || strings.HasSuffix(key, ":registry")) {
			if u, err := url.Parse(text); err == nil && u.Host != "" {
				hosts = append(hosts, u.Host)
			}
		}
	}
	return hosts
}
