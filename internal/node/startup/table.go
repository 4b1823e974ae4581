package startup

import (
	_ "embed"
	"regexp"
)

//go:embed frameworks.toml
var frameworksText string

// framework is a row of frameworks.toml, which describes the fields.
type framework struct {
	Name     string    `toml:"name"`
	Packages []string  `toml:"packages"`
	Excludes []string  `toml:"excludes"`
	Files    []string  `toml:"files"`
	Programs []string  `toml:"programs"`
	Builds   []string  `toml:"builds"`
	Cache    []string  `toml:"cache"`
	Port     string    `toml:"port"`
	Listens  int       `toml:"listens"`
	Develop  string    `toml:"develop"`
	Keep     []keep    `toml:"keep"`
	Weak     bool      `toml:"weak"`
	Outcomes []outcome `toml:"outcome"`
}

// keep is a condition under which a server needs packages for development.
type keep struct {
	Packages []string `toml:"packages"`
	File     string   `toml:"file"`
	Below    int      `toml:"below"`
	Imports  string   `toml:"imports"`
}

// outcome is what comes out of a framework's build.
type outcome struct {
	Depends []string `toml:"depends"`
	Lacks   []string `toml:"lacks"`
	Major   int      `toml:"major"`
	File    string   `toml:"file"`
	Has     string   `toml:"has"`
	Hasnt   string   `toml:"hasnt"`
	Script  string   `toml:"script"`

	Entries []string `toml:"entries"`
	Star    string   `toml:"star"`
	Beside  []string `toml:"beside"`
	Start   string   `toml:"start"`
	Sets    []string `toml:"sets"`

	Static       []string `toml:"static"`
	RootOptions  []string `toml:"root-options"`
	RootVariable string   `toml:"root-variable"`
	RootKey      string   `toml:"root-key"`
	Config       string   `toml:"config"`
	Fallback     string   `toml:"fallback"`
	FallbackKey  string   `toml:"fallback-key"`
	Hashed       []string `toml:"hashed"`
	HashedNames  string   `toml:"hashed-names"`
	Refuses      string   `toml:"refuses"`

	BuildSets []string `toml:"build-sets"`
	Note      string   `toml:"note"`
	None      string   `toml:"none"`
	Fix       string   `toml:"fix"`
}

// frameworks are the known ones, in order.
var frameworks = mustDecode[struct {
	Framework []framework `toml:"framework"`
}](frameworksText).Framework

// matches reports whether a text matches a pattern of the table, whose tests
// compile all of them.
func matches(pattern, text string) bool { return regexp.MustCompile(pattern).MatchString(text) }
