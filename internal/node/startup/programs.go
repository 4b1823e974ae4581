package startup

import (
	_ "embed"
	"slices"

	"github.com/BurntSushi/toml"
)

//go:embed programs.toml
var programsText string

// program is a row of programs.toml, which describes the fields.
type program struct {
	Package        string    `toml:"package"`
	Develops       []string  `toml:"develops"`
	DevelopsUnless *[]string `toml:"develops-unless"`
	Ends           []string  `toml:"ends"`
	EndsUnless     *[]string `toml:"ends-unless"`
	DesktopUnless  *[]string `toml:"desktop-unless"`
	Sets           []string  `toml:"sets"`
}

// programs are the known programs by name.
var programs = mustDecode[map[string]program](programsText)

// mustDecode decodes a table of this package. A table with an unknown field is a
// fault of this package, which its tests find.
func mustDecode[T any](text string) (table T) {
	meta, err := toml.Decode(text, &table)
	if err != nil {
		panic(err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		panic("a table of package startup has an unknown field: " + unknown[0].String())
	}
	return table
}

// PackageOf returns the package that has a program: @angular/cli for ng. It is
// the program's own name if nothing else is known.
func PackageOf(name string) string {
	if known := programs[name].Package; known != "" {
		return known
	}
	return name
}

// IsDevelopmentServer reports whether a program is one with some arguments.
func IsDevelopmentServer(name string) bool {
	known := programs[name]
	return known.Develops != nil || known.DevelopsUnless != nil
}

// ServesDeveloper reports whether a program serves sources to a developer, with
// these arguments, rather than an app to its users.
func ServesDeveloper(name string, arguments []string) bool {
	known := programs[name]
	if known.DevelopsUnless != nil {
		return !share(arguments, *known.DevelopsUnless)
	}
	return share(arguments, known.Develops)
}

// Ends reports whether a program of a package ends by itself with these
// arguments.
func Ends(name string, arguments []string) bool {
	known := programs[name]
	if known.EndsUnless != nil {
		return !share(arguments, *known.EndsUnless)
	}
	return share(arguments, known.Ends)
}

// MayEnd reports whether a program of a package ends by itself with some
// arguments.
func MayEnd(name string) bool {
	known := programs[name]
	return known.Ends != nil || known.EndsUnless != nil
}

// opensWindow reports whether a program of a desktop app opens a window with these
// arguments.
func opensWindow(name string, arguments []string) bool {
	unless := programs[name].DesktopUnless
	return unless != nil && !share(arguments, *unless)
}

// Variables returns the variables, as NAME=VALUE, with which the programs of a
// process write where an image lets them.
func Variables(p Process) (all []string) {
	for _, text := range []string{p.Pre, p.Command, p.Post} {
		for _, words := range calls(text) {
			all = append(all, programs[programName(words)].Sets...)
		}
	}
	return all
}

// share reports whether two lists share a word.
func share(a, b []string) bool {
	return slices.ContainsFunc(a, func(word string) bool { return slices.Contains(b, word) })
}
