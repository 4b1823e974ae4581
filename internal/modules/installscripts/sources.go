package installscripts

import (
	"regexp"
	"strings"
)

// forSources matches a command that only writes types and settings for the app's
// sources, which editors, compilers and builds read: nothing of it is read at launch.
var forSources = regexp.MustCompile(`^(?:(?:npx|pnpm|pnpm exec|yarn|bunx|bun run) )?(?:(?:nuxt|nuxi|wxt) prepare|nuxt-module-build prepare|(?:svelte-kit|astro) sync|(?:next|react-router) typegen)(?: [\w./-]+)?$`)

// harmless matches the end of a command that only lets it end with status 0.
var harmless = regexp.MustCompile(` *\|\| *(?:true|exit 0|:|echo(?: ['"\w -]*)?)$`)

// OnlyForSources reports whether a command of the project only prepares its sources
// for editors and builds (`nuxt prepare`), alone or after another such command. An
// install for the launch leaves it out: its tools may be development dependencies, or
// native ones for another platform.
func OnlyForSources(command string) bool {
	for part := range strings.SplitSeq(command, "&&") {
		part = strings.TrimSpace(part)
		if !OnlyHusky(part) && !forSources.MatchString(harmless.ReplaceAllString(part, "")) {
			return false
		}
	}
	return true
}
