package npminstall

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/modules/outcome"
)

// wrapped matches npm's prefix of reported or repeated lines.
var wrapped = regexp.MustCompile(`^npm (?:error|ERR!)(?: |$)`)

// reported matches the lines of npm's report about a failed script that are not the
// cause; the last is npm 9's about every one.
var reported = regexp.MustCompile(`^\s*(?:code |in workspace: |at location: |path |command |workspace |location |signal |errno |syscall |cwd |Lifecycle script |` +
	`A complete log of this run|Log files were not written|Exit status \d|Error: command failed\s*$)`)

// withoutReport returns the output of a program that may call npm without npm's
// reports. What npm repeats of a script's output loses its prefix.
func withoutReport(output string) string {
	var kept strings.Builder
	for line := range strings.Lines(output) {
		text := wrapped.ReplaceAllString(line, "")
		if !reported.MatchString(text) {
			kept.WriteString(text)
		}
	}
	return kept.String()
}

// lastWords returns the last error message of npm, or of the program that it ran,
// or "".
func (f fault) lastWords() string { return outcome.LastWords(withoutReport(f.Output)) }

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
