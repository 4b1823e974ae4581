package yarn

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/yarnlock"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
)

// Yarn 1 fetches the optional packages for all platforms before it looks at which it
// needs: with esbuild, sharp and the like, hundreds of megabytes. So its cache gets
// stand-ins for packages that are named for another platform: a package.json that
// supports no platform, so that Yarn leaves the package out.

// noPlatform is the operating system of stand-ins.
const noPlatform = "armature-none"

// cacheVersion is the folder of Yarn 1's cache, since 1.18.
const cacheVersion = "v6"

// standIn puts stand-ins for packages that are not for a part's target into the
// cache, and removes those of packages that are.
func (m *manager) standIn(p modules.Part) error {
	optional := map[string]bool{}
	for _, one := range m.lock.graph.Packages {
		if one.Optional && !one.Link {
			optional[one.Name+"@"+one.Version] = true
		}
	}
	for _, entry := range m.lock.Entries {
		folder, ok := cacheFolderOf(entry)
		if !ok || !optional[entry.RealName()+"@"+entry.Version] {
			continue
		}
		place := filepath.Join(m.cache.Dir, cacheVersion, folder, "node_modules", entry.Name)
		foreign := deps.NamedForOther(entry.RealName(), deps.PlatformOf(p.Target))
		switch {
		case foreign && !tree.Exists(place):
			if err := writeStandIn(place, entry); err != nil {
				return fmt.Errorf("leaving %s out of what Yarn fetches: %w", entry.Name, err)
			}
		case !foreign && isStandIn(place):
			if err := tree.Remove(filepath.Join(m.cache.Dir, cacheVersion, folder)); err != nil {
				return err
			}
		}
	}
	return nil
}

// slugged matches what Yarn 1 replaces in names of its cache.
var slugged = regexp.MustCompile(`[^@a-z0-9]+`)

// cacheFolderOf returns the folder of a package of a registry in Yarn 1's cache. Ok
// is false if the lockfile does not tell it.
func cacheFolderOf(entry yarnlock.Entry) (folder string, ok bool) {
	_, hash, ok := strings.Cut(entry.Resolved, "#")
	if !ok || hash == "" || !strings.HasPrefix(entry.Resolved, "http") || strings.Contains(hash, "/") {
		return "", false
	}
	folder = "npm-" + strings.Trim(slugged.ReplaceAllString(entry.Name, "-"), "-") + "-" + entry.Version + "-" + hash
	if entry.Integrity != "" && !strings.HasPrefix(entry.Integrity, "sha1-") {
		folder += "-integrity"
	}
	return folder, filepath.IsLocal(folder)
}

func writeStandIn(place string, entry yarnlock.Entry) error {
	reference, hash, _ := strings.Cut(entry.Resolved, "#")
	remote := map[string]any{"resolved": entry.Resolved, "type": "tarball", "reference": reference, "hash": hash, "registry": "npm", "packageName": entry.Name}
	if strings.HasPrefix(entry.Integrity, "sha512-") {
		remote["integrity"], remote["cacheIntegrity"] = entry.Integrity, entry.Integrity
	}
	manifest := map[string]any{"name": entry.RealName(), "version": entry.Version, "os": []string{noPlatform}}
	if err := os.MkdirAll(place, 0o755); err != nil {
		return err
	}
	for name, content := range map[string]any{
		"package.json":        manifest,
		".yarn-metadata.json": map[string]any{"manifest": manifest, "artifacts": []string{}, "remote": remote, "registry": "npm", "hash": hash},
	} {
		text, err := json.Marshal(content)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(place, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func isStandIn(place string) bool {
	text, err := os.ReadFile(filepath.Join(place, "package.json"))
	return err == nil && strings.Contains(string(text), noPlatform)
}
