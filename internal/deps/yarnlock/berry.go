package yarnlock

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// rawEntry is an entry in the format of Yarn 2 and later.
type rawEntry struct {
	Version          scalar
	Resolution       string
	Dependencies     map[string]string
	DependenciesMeta map[string]struct{ Optional bool } `yaml:"dependenciesMeta"`
	Conditions       string
	Checksum         string
	CacheKey         scalar `yaml:"cacheKey"` // of __metadata
}

// scalar is the text of any YAML scalar: a version may look like a number.
type scalar string

func (s *scalar) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: want one value", node.Line)
	}
	*s = scalar(node.Value)
	return nil
}

// parseBerry decodes the format of Yarn 2 and later.
func parseBerry(text []byte) (Lock, error) {
	var raw map[string]rawEntry
	if err := yaml.Unmarshal(text, &raw); err != nil {
		return Lock{}, err
	}
	about := raw["__metadata"]
	lock := Lock{CacheKey: string(about.CacheKey)}
	if _, err := fmt.Sscanf(string(about.Version), "%d", &lock.Version); err != nil || lock.Version < 2 || lock.Version > newestBerry {
		return Lock{}, fmt.Errorf("__metadata.version is %q, want 4 to %d", about.Version, newestBerry)
	}
	delete(raw, "__metadata")
	for key, one := range raw {
		lock.Entries = append(lock.Entries, one.entry(key))
	}
	slices.SortFunc(lock.Entries, func(a, b Entry) int { return strings.Compare(a.Descriptors[0], b.Descriptors[0]) })
	return lock, nil
}

func (r rawEntry) entry(key string) Entry {
	e := Entry{
		Descriptors: strings.Split(key, ", "), Version: string(r.Version), Resolution: unbound(r.Resolution), Checksum: r.Checksum,
		Dependencies: r.Dependencies, Optional: map[string]bool{},
		OS: condition(r.Conditions, "os"), CPU: condition(r.Conditions, "cpu"), Libc: condition(r.Conditions, "libc"),
	}
	e.Name, _ = splitDescriptor(e.Descriptors[0])
	for name, meta := range r.DependenciesMeta {
		if meta.Optional {
			e.Optional[name] = true
		}
	}
	return e
}

// conditionToken matches one condition: "os=linux", "!cpu=x64".
var conditionToken = regexp.MustCompile(`(!?)(os|cpu|libc)=(!?)([\w.-]+)`)

// condition returns the values for a name in "(os=linux | os=darwin) & cpu=arm64",
// in the form of package.json.
func condition(text, name string) []string {
	var all []string
	for _, token := range conditionToken.FindAllStringSubmatch(text, -1) {
		if token[2] == name {
			all = append(all, token[1]+token[3]+token[4])
		}
	}
	return all
}
