package site

import (
	"path"
	"regexp"
	"strings"
)

// immutableFolders hold only files with a hash in their path, whatever its form:
// those of SvelteKit, Next.js, Nuxt and Astro.
var immutableFolders = []string{"_app/immutable/", "_next/static/", "_nuxt/", "_astro/"}

// mutableFolders are folders in these with files that keep their names.
var mutableFolders = []string{"_nuxt/builds/latest"}

// Forms of a hash, as bundlers put it before the extension. Those of Rollup, Vite
// and esbuild have eight characters: app.3fa9c1d2.js, index-BxY3_k9a.js,
// main-Q5XYZAB2.css.
var (
	hexHash  = regexp.MustCompile(`^[0-9a-f]{8,64}$`)
	mixed    = regexp.MustCompile(`^[0-9A-Za-z_-]{8}$`)
	digit    = regexp.MustCompile(`[0-9]`)
	letter   = regexp.MustCompile(`[a-z]`)
	capital  = regexp.MustCompile(`[A-Z]`)
	numbered = regexp.MustCompile(`^([A-Za-z]+[0-9]+|[0-9]+[A-Za-z]+)$`) // a word with a number: Version2
	// A name's extension, and those that bundlers put before it.
	extensions = regexp.MustCompile(`(\.(chunk|bundle|min|module|legacy|worker|lean|js|css|mjs))*\.[0-9A-Za-z]+$`)
)

// IsImmutable reports whether a file's name has a hash of its content, so that a
// browser need not ask again. A name that may have one has none: to ask again
// costs little, and an old file for a year costs much.
func IsImmutable(name string) bool {
	for _, folder := range mutableFolders {
		if strings.HasPrefix(name, folder) {
			return false
		}
	}
	for _, folder := range immutableFolders {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	if strings.HasSuffix(name, ".html") {
		return false
	}
	base := path.Base(name)
	stem := strings.TrimSuffix(base, extensions.FindString(base))
	for _, divider := range []string{".", "-", "_"} {
		if at := strings.LastIndex(stem, divider); at > 0 && isHash(stem[at+1:]) {
			return true
		}
	}
	// A hash may have dividers itself: index-B-Y3_k9a.js.
	if at := len(stem) - mixedLength - 1; at > 0 && (stem[at] == '-' || stem[at] == '.') && isHash(stem[at+1:]) {
		return true
	}
	return hexHash.MatchString(stem) && isHash(stem)
}

// mixedLength is the length of what matches mixed.
const mixedLength = 8

func isHash(text string) bool {
	if hexHash.MatchString(text) {
		return digit.MatchString(text) && letter.MatchString(text)
	}
	return mixed.MatchString(text) && digit.MatchString(text) && capital.MatchString(text) && !numbered.MatchString(text)
}
