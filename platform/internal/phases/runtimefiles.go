//go:build linux

package phases

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/files/regular"
	"github.com/armature-cnb/armature/internal/files/textfile"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// runtimeFiles returns the files of an app, by name, that decide on its Node.js:
// the app's version files, and package.json without anything that a build runs.
// They are read before anything of the app runs.
func runtimeFiles(app string, getenv func(string) string) (map[string]string, error) {
	files := maps.Clone(seedApp)
	dir, err := os.OpenRoot(app)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	at := filepath.Clean(strings.TrimLeft(getenv(settings.ProjectPath), "/"))
	if !filepath.IsLocal(at) {
		return files, nil // the build refuses it
	}
	for _, name := range []string{".nvmrc", ".node-version", "mise.toml", ".tool-versions", "Procfile"} {
		if text, err := regular.Read(dir, filepath.Join(at, name), maxSmallFile); err == nil {
			files[name] = string(text)
		}
	}
	text, err := regular.Read(dir, filepath.Join(at, packagejson.FileName), maxSmallFile)
	if err != nil {
		return files, nil // the build reports why it is unreadable
	}
	if plain, err := textfile.Decode(text); err == nil {
		text = plain
	}
	var said, kept map[string]json.RawMessage
	if json.Unmarshal(text, &said) != nil {
		return files, nil // the build reports what is wrong with it
	}
	if err := json.Unmarshal([]byte(seedApp[packagejson.FileName]), &kept); err != nil {
		panic(err) // the path exists
	}
	for _, field := range []string{"engines", "devEngines", "packageManager", "volta"} {
		if value, ok := said[field]; ok && !namesOtherManager(field, value) {
			kept[field] = value
		}
	}
	if scripts := startScripts(said["scripts"], getenv(settings.StartScript)); len(scripts) > 0 {
		kept["scripts"] = asJSON(scripts)
	}
	files[packagejson.FileName] = string(asJSON(kept))
	return files, nil
}

// namesOtherManager reports whether a field of package.json names a package
// manager with its own lockfile that does not affect npm's version.
func namesOtherManager(field string, value json.RawMessage) bool {
	var name string
	switch field {
	case "packageManager":
		if json.Unmarshal(value, &name) != nil {
			return false
		}
	case "devEngines":
		var said struct {
			PackageManager struct {
				Name string `json:"name"`
			} `json:"packageManager"`
		}
		if json.Unmarshal(value, &said) != nil {
			return true // a list, or an invalid value
		}
		name = said.PackageManager.Name
	}
	name, _, _ = strings.Cut(name, "@")
	return name != "" && name != "npm"
}

// startScripts returns the scripts that start the app, which a build does not
// run.
func startScripts(scripts json.RawMessage, chosen string) map[string]string {
	var all map[string]any
	if json.Unmarshal(scripts, &all) != nil {
		return nil
	}
	kept := map[string]string{}
	for _, name := range []string{"start", chosen} {
		for _, hook := range []string{"pre", "", "post"} {
			if text, ok := all[hook+name].(string); ok && name != "" {
				kept[hook+name] = text
			}
		}
	}
	return kept
}
