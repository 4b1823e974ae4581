package outcome

import (
	"fmt"

	"github.com/BurntSushi/toml"
)

// ParseKinds decodes the kinds of a manager's faults: the tables "kind" of its
// kinds.toml, in their order. Unknown keys are errors, so that a misspelt one is not
// ignored.
func ParseKinds[Kind any](text string) ([]Kind, error) {
	var file struct{ Kind []Kind }
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return nil, fmt.Errorf("reading kinds.toml: %w", err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("reading kinds.toml: got the key %s, want those that its comment lists", unknown[0])
	}
	return file.Kind, nil
}
