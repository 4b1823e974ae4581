package site

import (
	"path"
	"regexp"
	"slices"
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

// Hashes is what a framework says about files with a hash in their names.
type Hashes struct {
	Prefixes []string       // of paths, with a slash before them: "/assets/"
	Names    *regexp.Regexp // of such paths, or nil
}

// IsImmutable reports whether a file's name has a hash of its content, so that a
// browser need not ask again. A name that may have one has none: to ask again
// costs little, and an old file for a year costs much. In a folder where its
// framework puts such files, less is enough.
func (h Hashes) IsImmutable(name string) bool {
	within := func(folder string) bool { return strings.HasPrefix(name, folder) }
	switch {
	case slices.ContainsFunc(mutableFolders, within), strings.HasSuffix(name, ".html"):
		return false
	case slices.ContainsFunc(immutableFolders, within), h.Names != nil && h.Names.MatchString("/"+name):
		return true
	}
	base := path.Base(name)
	stem := strings.TrimSuffix(base, extensions.FindString(base))
	if hashed(stem, isHash) {
		return true
	}
	for _, prefix := range h.Prefixes {
		if within(strings.TrimPrefix(prefix, "/")) {
			return hashed(stem, mayBeHash) || slices.ContainsFunc(strings.Split(path.Dir(name), "/"), isHash)
		}
	}
	return false
}

// hashed reports whether a name ends with a hash.
func hashed(stem string, is func(string) bool) bool {
	for _, divider := range []string{".", "-", "_"} {
		if at := strings.LastIndex(stem, divider); at > 0 && is(stem[at+1:]) {
			return true
		}
	}
	// A hash may have dividers itself: index-B-Y3_k9a.js.
	if at := len(stem) - mixedLength - 1; at > 0 && (stem[at] == '-' || stem[at] == '.') && is(stem[at+1:]) {
		return true
	}
	return hexHash.MatchString(stem) && isHash(stem)
}

// mayBeHash is true for hashes without a digit, too: DiwrgTda.
func mayBeHash(text string) bool {
	return isHash(text) || mixed.MatchString(text) && len(capital.FindAllString(text, 2)) == 2 && !numbered.MatchString(text)
}

// mixedLength is the length of what matches mixed.
const mixedLength = 8

func isHash(text string) bool {
	if hexHash.MatchString(text) {
		return digit.MatchString(text) && letter.MatchString(text)
	}
	return mixed.MatchString(text) && digit.MatchString(text) && capital.MatchString(text) && !numbered.MatchString(text)
}
