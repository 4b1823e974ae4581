package npminstall

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// thrownError is an exception that nobody has caught, as Node.js prints it; npm
// repeats what the script of a package prints behind words of its own.
var thrownError = regexp.MustCompile(`(?m)^(?:npm (?:error|ERR!) )?(\w*Error: .*)$`)

// wrapped are npm's words before what it repeats or reports.
var wrapped = regexp.MustCompile(`^npm (?:error|ERR!)(?: |$)`)

// ofNPM9 is what npm 9 says of every script that fails.
const ofNPM9 = "Error: command failed"

// frame are lines that say where, and not what: npm's report about a script,
// what it announces, and what stands around an exception of Node.js.
var frame = regexp.MustCompile(`^(?:code |in workspace: |at location: |path |command |workspace |location |signal |errno |syscall |cwd |Lifecycle script |A complete log of this run|Log files were not written|` +
	`Exit status \d|> |at |\^|node:|Node\.js v\d|[{}\[\]();,]*$)`)

// lastWords is the last that npm, or the program that it ran, said about what is
// wrong: the last exception that nobody has caught, or the last line. It is
// empty where nothing was said.
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

// escape matches what steers a terminal.
var escape = regexp.MustCompile(`\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)`)

// maxWords is how many characters of a line are repeated.
const maxWords = 300

// plain is a line without what steers a terminal, and of bounded length.
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

// after puts words behind a sentence, if there are any.
func after(words string) string {
	if words == "" {
		return ""
	}
	return ": " + words
}

// asked finds the address that npm asked for in vain.
var asked = regexp.MustCompile(`(?:request to|GET) (https?://\S+)`)

// elsewhere is the host that npm asked for in vain, where that is not the host of
// a registry: package.json or the lockfile names an archive there, or a git
// repository that npm fetches as one. It is empty where it was a registry, and
// where nobody can tell.
func (f fault) elsewhere() string {
	if u := f.unlisted(); u != nil && !strings.Contains(u.Path, inRegistry) {
		return u.Host
	}
	return ""
}

// lockedElsewhere is the host of another registry than those of npm's
// configuration, which the lockfile names; or empty.
func (f fault) lockedElsewhere() string {
	if u := f.unlisted(); u != nil && strings.Contains(u.Path, inRegistry) {
		return u.Host
	}
	return ""
}

// inRegistry is in the path of every archive that a registry keeps.
const inRegistry = "/-/"

// unlisted is the address that npm asked for in vain, unless its host is a
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

// server is who was asked, in a sentence.
func (f fault) server(registry string) string {
	if host := f.elsewhere(); host != "" {
		return host
	}
	return registry
}

// registries asks npm which registries it is to use in a folder, also for scopes,
// and returns their hosts. There are none where npm does not say.
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
