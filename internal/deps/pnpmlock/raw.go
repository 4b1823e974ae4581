package pnpmlock

import "go.yaml.in/yaml/v3"

// rawLock is a document of the file.
type rawLock struct {
	Version     string                 `yaml:"lockfileVersion"`
	Importers   map[string]rawImporter `yaml:"importers"` // by folder, "." for the root
	Packages    map[string]rawPackage  `yaml:"packages"`
	Snapshots   map[string]rawPackage  `yaml:"snapshots"` // since version 9: dependencies, by package and peers
	rawImporter `yaml:",inline"`       // without importers: those of the project
}

type rawImporter struct {
	Specifiers           map[string]string    `yaml:"specifiers"` // version 5
	Dependencies         map[string]reference `yaml:"dependencies"`
	OptionalDependencies map[string]reference `yaml:"optionalDependencies"`
	DevDependencies      map[string]reference `yaml:"devDependencies"`
}

type rawPackage struct {
	Name                 string               `yaml:"name"`
	Version              string               `yaml:"version"`
	Resolution           resolution           `yaml:"resolution"`
	RequiresBuild        bool                 `yaml:"requiresBuild"` // before version 9
	Engines              map[string]string    `yaml:"engines"`
	OS                   list                 `yaml:"os"`
	CPU                  list                 `yaml:"cpu"`
	Libc                 list                 `yaml:"libc"`
	Dependencies         map[string]reference `yaml:"dependencies"`
	OptionalDependencies map[string]reference `yaml:"optionalDependencies"`
}

// resolution says where a package comes from.
type resolution struct {
	Type      string `yaml:"type"` // "git", "directory"; empty for archives
	Integrity string `yaml:"integrity"`
	Tarball   string `yaml:"tarball"` // an address, or "file:a.tgz"; empty for the registry's
	Repo      string `yaml:"repo"`
	Commit    string `yaml:"commit"`
	Directory string `yaml:"directory"`
}

// reference is a dependency: "1.0.0", or since version 6 an object.
type reference struct {
	Specifier string `yaml:"specifier"`
	Version   string `yaml:"version"`
}

func (r *reference) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&r.Version)
	}
	type plain reference
	return node.Decode((*plain)(r))
}

// list decodes a list of strings, or a single string.
type list []string

func (l *list) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		var one string
		err := node.Decode(&one)
		*l = list{one}
		return err
	}
	return node.Decode((*[]string)(l))
}
