package bun

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/node/npmrc"
)

// bunfig returns the settings in a bunfig.toml, sorted, without credentials; none
// without that file, and none of a file that Bun will refuse.
func bunfig(path string) ([]string, error) {
	text, err := regular.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading Bun's configuration: %w", regular.TooLarge(err))
	}
	return settingsIn(string(text)), nil
}

// settingsIn is bunfig for a text.
func settingsIn(text string) []string {
	var values map[string]any
	if _, err := toml.Decode(text, &values); err != nil {
		return nil
	}
	all := flatten("", values)
	slices.Sort(all)
	return all
}

// flatten returns the values below a table.
func flatten(name string, value any) (all []string) {
	table, ok := value.(map[string]any)
	if !ok {
		last := name[strings.LastIndexByte(name, '.')+1:]
		if npmrc.IsCredential(last) || last == "password" {
			return nil
		}
		if text, ok := value.(string); ok {
			value = npmrc.WithoutLogin(text)
		}
		return []string{fmt.Sprintf("%s=%#v", name, value)}
	}
	for key, one := range table {
		all = append(all, flatten(name+"."+key, one)...)
	}
	return all
}
