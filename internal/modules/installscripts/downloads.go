package installscripts

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

//go:embed downloads.toml
var downloadsText string

// downloads are the packages of downloads.toml, by name.
var downloads = mustDecode(downloadsText)

// download is a row of downloads.toml, which describes the fields.
type download struct {
	Without []string `toml:"without"`
}

// mustDecode decodes the table. A wrong one is a fault of this package, which its
// tests find.
func mustDecode(text string) (table map[string]download) {
	meta, err := toml.Decode(text, &table)
	if err != nil {
		panic(err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		panic("downloads.toml has an unknown field: " + unknown[0].String())
	}
	return table
}

// withoutDownload returns the variables, as NAME=VALUE, with which a package does
// not download the program that it has for development: none, if production needs
// the package, or if the environment has one of them, as a variable or as npm's
// setting of that name.
func (r *run) withoutDownload(p Package) []string {
	row, known := downloads[p.Manifest.Name]
	if !known || !p.Dev || slices.ContainsFunc(row.Without, r.isSet) {
		return nil
	}
	return row.Without
}

func (r *run) isSet(pair string) bool {
	name, _, _ := strings.Cut(pair, "=")
	return slices.ContainsFunc(r.Env, func(have string) bool {
		set, _, _ := strings.Cut(have, "=")
		return strings.EqualFold(strings.TrimPrefix(strings.ToUpper(set), "NPM_CONFIG_"), name)
	})
}
