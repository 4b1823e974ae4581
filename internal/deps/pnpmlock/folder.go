package pnpmlock

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"regexp"
	"strings"
)

// maxFolder is pnpm's default of virtual-store-dir-max-length.
const maxFolder = 120

var (
	notInNames  = regexp.MustCompile(`[\\/:*?"<>|#]`)
	notInNames9 = regexp.MustCompile(`[\\/:*?"<>|]`) // up to pnpm 9
	brackets    = regexp.MustCompile(`\)\(|\(|\)`)
)

// folder returns the name of a package's folder in the virtual store that a release
// line of pnpm makes. It is the package's key without special characters, and with a
// hash in place of its end if it is long or has capital letters.
func folder(key string, f format, line int) string {
	name := plain(key, f)
	special := notInNames
	if line < 10 {
		special = notInNames9
	}
	name = special.ReplaceAllString(name, "+")
	if strings.Contains(name, "(") {
		name = brackets.ReplaceAllString(strings.TrimSuffix(name, ")"), "_")
	}
	trailing := len(name) - len(strings.TrimRight(name, ". "))
	hashed, ambiguous := name, false
	if line >= 11 {
		if ambiguous = escapesAmbiguously(key); ambiguous {
			hashed = key
		}
		name = name[:len(name)-trailing] + strings.Repeat("+", trailing)
		ambiguous = ambiguous || trailing > 0
	}
	if !ambiguous && len(name) <= maxFolder && (name == strings.ToLower(name) || strings.HasPrefix(name, "file+")) {
		return name
	}
	kept, hash := cut(line, hashed)
	return name[:min(kept, len(name))] + "_" + hash
}

// plain returns a key in the form NAME@VERSION.
func plain(key string, f format) string {
	if strings.HasPrefix(key, "file:") {
		return strings.Replace(key, ":", "+", 1)
	}
	if f == format9 || f == format6 && strings.HasPrefix(key, "/") {
		return strings.TrimPrefix(key, "/")
	}
	key = strings.TrimPrefix(key, "/")
	before := key
	if at := strings.IndexByte(key, '('); at >= 0 {
		before = key[:at]
	}
	if at := strings.LastIndexByte(before, '/'); at > 0 {
		return key[:at] + "@" + key[at+1:]
	}
	return key
}

// cut returns how much of a name stays before a hash, and the hash.
func cut(line int, name string) (kept int, hash string) {
	if line >= 10 {
		sum := sha256.Sum256([]byte(name))
		return maxFolder - 33, hex.EncodeToString(sum[:])[:32]
	}
	sum := md5.Sum([]byte(name))
	hash = strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
	if line < 8 {
		return 50, hash
	}
	return maxFolder - 27, hash
}

// escapesAmbiguously reports whether the key of a package that is not a registry's
// has special characters in its address, so that two could have the same folder.
func escapesAmbiguously(key string) bool {
	id, _, _ := strings.Cut(key, "(")
	if !strings.HasPrefix(id, "file:") {
		if id == "" {
			return false
		}
		at := strings.IndexByte(id[1:], '@')
		if at < 0 {
			return false
		}
		id = id[at+2:]
	}
	_, location, ok := strings.Cut(id, ":")
	return ok && strings.ContainsAny(strings.TrimPrefix(location, "//"), `+\:*?"<>|#`)
}
