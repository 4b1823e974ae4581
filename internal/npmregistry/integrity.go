package npmregistry

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/armature-cnb/armature/internal/download/checksum"
)

// Integrity returns the checksum that npm checks for a subresource integrity. Of
// several algorithms, npm takes the strongest. More than one digest for it, and
// algorithms that are too weak, are an error.
func Integrity(text string) (checksum.Checksum, error) {
	found := map[string]string{}
	for _, one := range strings.Fields(text) {
		algorithm, encoded, _ := strings.Cut(one, "-")
		encoded, _, _ = strings.Cut(encoded, "?") // options
		digest, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return checksum.Checksum{}, fmt.Errorf("the integrity %q is not base64", one)
		}
		if _, twice := found[algorithm]; twice {
			return checksum.Checksum{}, fmt.Errorf("the integrity has two digests of %s", algorithm)
		}
		found[algorithm] = hex.EncodeToString(digest)
	}
	for _, algorithm := range []string{"sha512", "sha384", "sha256"} {
		if digest, ok := found[algorithm]; ok {
			return checksum.Parse(algorithm + ":" + digest)
		}
	}
	return checksum.Checksum{}, fmt.Errorf("the integrity %q has neither sha512 nor sha256", text)
}
