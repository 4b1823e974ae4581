package yarn

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

//go:embed focus.cjs
var focus []byte

// berryArguments are the arguments of the plugin, see focus.cjs.
type berryArguments struct {
	Folders    []string            `json:"folders"`
	Production bool                `json:"production"`
	Cache      string              `json:"cache"`
	Lock       bool                `json:"lock"`
	Target     map[string][]string `json:"target"`
	Facts      string              `json:"facts"`
}

// berryFacts are settings of Yarn, in effect for the project.
type berryFacts struct {
	EnableScripts bool   `json:"enableScripts"`
	NodeLinker    string `json:"nodeLinker"`
}

// installBerry lets Yarn 2 and later install a part's packages.
func (m *manager) installBerry(p modules.Part) error {
	wanted := berryArguments{Folders: m.berryFolders(p), Production: !p.Dev, Cache: m.berryCache(), Target: architectures(p.Target)}
	if err := m.runBerry(p, wanted, m.berryCommand(p)); err != nil || m.knowsTargets() {
		return err
	}
	return m.removeForeign(p)
}

// runBerry runs the plugin for a part's target, and reads Yarn's settings. The log
// and messages show another command in its place.
func (m *manager) runBerry(p modules.Part, wanted berryArguments, shown string) error {
	dir, err := os.MkdirTemp("", "yarn-plugin-")
	if err != nil {
		return fmt.Errorf("making a folder for Yarn's plugin: %w", err)
	}
	defer os.RemoveAll(dir)
	plugin := filepath.Join(dir, "focus.cjs")
	wanted.Facts = filepath.Join(dir, "facts.json")
	if err := os.WriteFile(plugin, focus, 0o644); err != nil {
		return err
	}
	arguments, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	files, err := m.berryFiles()
	if err != nil {
		return err
	}
	env := m.berryEnvironment(m.environment(p)).With("YARN_PLUGINS", withPlugin(m.env, plugin)).With("ARMATURE_YARN", string(arguments))
	if p.Crosses() && !m.knowsTargets() {
		file, remove, err := shimFor(p)
		if err != nil {
			return err
		}
		defer remove()
		env = env.With("NODE_OPTIONS", strings.TrimSpace(env.Get("NODE_OPTIONS")+" --require="+file))
	}
	if _, err := m.classify(call{dir: m.project.Dir, env: env, files: files, args: []string{"armature", "install"}, shown: shown}); err != nil {
		return err
	}
	text, err := os.ReadFile(wanted.Facts)
	if err != nil {
		return fmt.Errorf("reading Yarn's settings: %w", err)
	}
	return json.Unmarshal(text, &m.facts)
}

// berryCache returns the folder of Yarn's cache: the layer's, or "" for the project's
// own, in which PnP has its packages, and which an app may bring.
func (m *manager) berryCache() string {
	if brought, _ := tree.IsFilled(m.within(ownCache)); brought || m.isPnP() {
		return ""
	}
	return filepath.Join(m.cache.Dir, "cache")
}

// withPlugin adds a plugin to those of the environment.
func withPlugin(env environ.List, plugin string) string {
	if others := env.Get("YARN_PLUGINS"); others != "" {
		return others + ";" + plugin
	}
	return plugin
}

// berryCommand is the command of Yarn's own that does the same.
func (m *manager) berryCommand(p modules.Part) string {
	command := "yarn install --immutable"
	if folders := m.berryFolders(p); folders != nil {
		command = "yarn workspaces focus " + strings.Join(folders, " ")
	} else if !p.Dev {
		command = "yarn workspaces focus --all"
	}
	if !p.Dev {
		command += " --production"
	}
	return command
}

// berryFolders returns the workspaces to install, nil for all. For the build these
// include the root, which usually has the tools of a monorepo.
func (m *manager) berryFolders(p modules.Part) []string {
	if m.project.Workspace == "" {
		return nil
	}
	all := []string{}
	if p.Dev {
		all = append(all, ".")
	}
	for _, folder := range p.Folders {
		if folder == "" {
			folder = "."
		}
		all = append(all, folder)
	}
	return all
}

// knowsTargets reports whether Yarn can install for another platform than its own
// (supportedArchitectures): since 3.2.
func (m *manager) knowsTargets() bool {
	major, rest, _ := strings.Cut(m.yarn.Version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	first, _ := strconv.Atoi(major)
	second, _ := strconv.Atoi(minor)
	return first > 3 || first == 3 && second >= 2
}

// berryEnvironment returns the environment for every call of Yarn 2 and later.
func (m *manager) berryEnvironment(env environ.List) environ.List {
	env = env.Without("YARN_PRODUCTION") // of Yarn 1; later ones end at a variable that they do not know
	env = env.With("YARN_GLOBAL_FOLDER", m.cache.Dir).Default("YARN_ENABLE_TELEMETRY", "0")
	if m.berryCache() == "" {
		env = env.With("YARN_ENABLE_GLOBAL_CACHE", "false")
	}
	if m.isPnP() {
		return env
	}
	return env.With("YARN_INSTALL_STATE_PATH", m.within(filepath.Join("node_modules", installState)))
}

// berryRule returns the rule of Yarn 2 and later: enableScripts, and exceptions in
// the package.json of the root.
func (m *manager) berryRule() (*scriptRule, error) {
	rule := &scriptRule{all: m.facts.EnableScripts, named: map[string]bool{}}
	fields, err := packagejson.ReadFields(m.project.Dir)
	if err != nil {
		return nil, err
	}
	meta, _ := fields["dependenciesMeta"].(map[string]any)
	for name, value := range meta {
		about, _ := value.(map[string]any)
		if built, ok := about["built"].(bool); ok {
			rule.named[strings.Replace(name, "@npm:", "@", 1)] = built
		}
	}
	return rule, nil
}

// homeFiles returns the files of HOME.
func (m *manager) homeFiles() (map[string]string, error) {
	if m.classic() {
		return m.classicFiles()
	}
	return m.berryFiles()
}
