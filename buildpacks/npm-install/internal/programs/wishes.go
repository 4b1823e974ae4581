package programs

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/node/managerchoice"
	"github.com/armature-cnb/armature/internal/node/npmrange"
	"github.com/armature-cnb/armature/internal/node/packagejson"
	"github.com/armature-cnb/armature/internal/node/packagemanager"
	"github.com/armature-cnb/armature/internal/node/versionfile"
)

// wishesOf returns what the app's files ask for, the most important first.
func wishesOf(p managerchoice.Place, choice managerchoice.Choice) (all []wish, err error) {
	for _, pkg := range choice.Manifests {
		if pin, ok := managerchoice.Pinned(pkg); ok {
			if pin.Manager == choice.Manager {
				all = append(all, wish{spec: pin.Version, source: "packageManager of package.json", digest: pin.Digest})
			}
			break // the nearest counts
		}
	}
	for _, pkg := range choice.Manifests {
		wanted, _ := pkg.DevEngines.PackageManager.Named(choice.Manager)
		for _, one := range []wish{
			{spec: wanted, source: "devEngines.packageManager of package.json"},
			{spec: engine(pkg, choice.Manager), source: fmt.Sprintf("engines.%s of package.json", choice.Manager)},
		} {
			if _, err := npmrange.Parse(one.spec); err == nil && one.spec != "" {
				all = append(all, one)
			}
		}
	}
	pinned, err := pinnedByTools(p, choice)
	return append(all, pinned...), err
}

func engine(pkg packagejson.Package, manager string) string {
	return map[string]string{
		packagemanager.PNPM: pkg.Engines.PNPM, packagemanager.Yarn: pkg.Engines.Yarn, packagemanager.Bun: pkg.Engines.Bun,
	}[manager]
}

// bunVersion is the file in which Bun's version managers look.
const bunVersion = ".bun-version"

// pinnedByTools returns what the files of version managers ask for. What is no
// version there (a path, "system") asks for nothing.
func pinnedByTools(p managerchoice.Place, choice managerchoice.Choice) (all []wish, err error) {
	parse := map[string]func(text, tool string) string{versionfile.Mise: fromMise, versionfile.ToolVersions: fromToolVersions}
	if choice.Manager == packagemanager.Bun {
		parse[bunVersion] = func(text, _ string) string { return strings.TrimPrefix(strings.TrimSpace(text), "v") }
	}
	for _, name := range []string{bunVersion, versionfile.Mise, versionfile.ToolVersions} {
		if parse[name] == nil {
			continue
		}
		for _, dir := range []string{p.Dir, p.Root} {
			text, err := regular.ReadFile(filepath.Join(dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", name, regular.TooLarge(err))
			}
			spec := parse[name](string(text), choice.Manager)
			if _, err := npmrange.Parse(spec); (err == nil || spec == "latest") && spec != "" {
				all = append(all, wish{spec: spec, source: name})
				break
			}
		}
	}
	for _, pkg := range choice.Manifests {
		spec := map[string]string{packagemanager.PNPM: pkg.Volta.PNPM, packagemanager.Yarn: pkg.Volta.Yarn}[choice.Manager]
		if spec != "" {
			all = append(all, wish{spec: spec, source: fmt.Sprintf("volta.%s of package.json", choice.Manager)})
		}
	}
	return all, nil
}

// fromMise returns the version of a tool in a mise.toml, or "". Node.js's version
// is read elsewhere, where a file that is not TOML is an error.
func fromMise(text, tool string) string {
	var doc struct {
		Tools map[string]any `toml:"tools"`
	}
	if _, err := toml.Decode(text, &doc); err != nil {
		return ""
	}
	value := doc.Tools[tool]
	if list, ok := value.([]any); ok && len(list) > 0 {
		value = list[0]
	}
	if table, ok := value.(map[string]any); ok {
		value = table["version"]
	}
	spec, _ := value.(string)
	return spec
}

// fromToolVersions returns the version of a tool in a .tool-versions, or "".
func fromToolVersions(text, tool string) string {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == tool {
			return fields[1]
		}
	}
	return ""
}
