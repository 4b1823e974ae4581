package distribution

import (
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// openSSLHeaders is the folder with a copy of OpenSSL's headers for every
// platform, about 60 MB, in folders named linux-x86_64, solaris-x86-gcc and so
// on.
const openSSLHeaders = "include/node/openssl/archs/"

// ForeignHeader reports whether an entry of a release's archive, named without
// the archive's first folder, is a header for a platform that no native module
// is compiled for here.
func ForeignHeader(name string) bool {
	inside, ok := strings.CutPrefix(name, openSSLHeaders)
	if !ok {
		return false
	}
	platform, _, _ := strings.Cut(inside, "/")
	return !slices.ContainsFunc(targets.All(), func(t targets.Target) bool { return platform == t.OS+"-"+t.Machine() })
}
