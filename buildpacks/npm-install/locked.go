package npminstall

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/files/diskfull"
	"github.com/armature-cnb/armature/internal/files/tree"
	"github.com/armature-cnb/armature/internal/modules"
	"github.com/armature-cnb/armature/internal/modules/outcome"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/internal/npmregistry"
	"github.com/armature-cnb/armature/internal/npmtree"
	"github.com/armature-cnb/armature/internal/npmtree/install"
)

// installerVariable is the setting for who installs a lockfile's packages.
const installerVariable = "BP_NODE_INSTALLER"

// Its values.
const (
	installerAuto = "auto"     // the installer, and npm where the installer may not do the same
	installerLock = "lockfile" // the installer; it is an error where it may not do the same as npm
	installerNPM  = "npm"
)

// locked installs a lockfile's packages without npm, as `npm ci --ignore-scripts`
// does. Done is false if npm has to install; then npm removes what is there first.
func (m *manager) locked(n npm, p modules.Part, args []string) (done bool, err error) {
	choice, err := settings.OneOf(m.env.Get, installerVariable, installerAuto, installerLock, installerNPM)
	if err != nil || choice == installerNPM {
		return false, err
	}
	err = m.installLocked(n, p, args)
	var handover *npmtree.Handover
	if !errors.As(err, &handover) {
		return err == nil, err
	}
	reason := outcome.Plain(handover.Error())
	if choice == installerLock {
		return false, &failure.Failure{
			ID:     "lockfile-needs-npm",
			Cause:  fmt.Sprintf("%s=%s, and these packages could not be installed from the lockfile alone: %s", installerVariable, choice, reason),
			Remedy: fmt.Sprintf("mend that, or set %s=%s, which lets npm try.", installerVariable, installerAuto),
		}
	}
	m.log.Subprocess("%s", "npm installs the packages itself: "+reason)
	return false, nil
}

// installLocked is locked without the choice. What npm has to do is a
// [npmtree.Handover].
func (m *manager) installLocked(n npm, p modules.Part, args []string) error {
	config, err := m.configuration(n)
	if err != nil {
		return err
	}
	o, err := n.treeOptions(p, config, args)
	if err != nil {
		return err
	}
	planned, err := npmtree.Plan(m.project.Dir, o)
	if err != nil {
		return err
	}
	archives, err := m.archives(n, config)
	if err != nil {
		return err
	}
	defer archives.Close()
	m.log.Subprocess("Installing the packages of the lockfile as npm ci does (%d)", len(planned.Packages))
	start := time.Now()
	var kept *install.Kept
	if p.Kept.Wanted {
		kept = &install.Kept{Before: p.Kept.Before, Project: p.Kept.Project, Note: p.Kept.Note}
	}
	if err := install.Into(context.Background(), m.project.Dir, planned, archives, kept); err != nil {
		return err
	}
	if kept != nil {
		p.Kept.Next = kept.Next
		if kept.Taken > 0 {
			m.log.Subprocess("%d of them were moved out of the layer of the build before", kept.Taken)
		}
	}
	m.log.Action("Completed in %s", time.Since(start).Round(time.Millisecond))
	m.log.Break()
	return nil
}

// configuration returns npm's configuration for the project.
func (m *manager) configuration(n npm) (*npmrc.Config, error) {
	builtin, err := npmrc.BuiltinRegistry(m.env.Get)
	if err != nil {
		return nil, err
	}
	return npmrc.Load(npmrc.Sources{Environ: n.env, ProjectDir: m.project.Dir, HomeDir: m.env.Get("HOME"), Binding: m.globalConfig, Builtin: builtin})
}

// treeOptions returns what the tree depends on besides the project.
func (n npm) treeOptions(p modules.Part, config *npmrc.Config, args []string) (npmtree.Options, error) {
	o := npmtree.Options{Host: deps.PlatformOf(p.Host), Target: deps.PlatformOf(p.Target)}
	var err error
	if o.NPM, err = semver.StrictNewVersion(n.versions.NPM); err != nil {
		return o, &npmtree.Handover{Reason: "the version of npm is " + n.versions.NPM}
	}
	if o.Node, err = semver.StrictNewVersion(n.versions.Node); err != nil {
		return o, &npmtree.Handover{Reason: "the version of Node.js is " + n.versions.Node}
	}
	var omit, include []string
	for i := 0; i < len(args); i++ {
		name, value, _ := strings.Cut(args[i], "=")
		switch name {
		case workspaceFlag:
			i++
			o.Workspace = args[i]
		case withRootFlag:
			o.WithRoot = true
		case "--omit":
			omit = append(omit, value)
		case "--include":
			include = append(include, value)
		default:
			return o, &npmtree.Handover{Reason: "npm gets " + args[i]}
		}
	}
	return o, o.Configure(config, omit, include, n.env.Get("NODE_ENV") == "production")
}

// archives returns the archives of npm's cache, which has them by their checksums,
// so that npm finds those that it needs later, too.
func (m *manager) archives(n npm, config *npmrc.Config) (*npmregistry.Archives, error) {
	if err := n.cache.Open(); err != nil {
		return nil, err
	}
	standard, err := n.standardRegistry()
	if err != nil {
		return nil, err
	}
	registry, err := npmregistry.New(config, standard)
	if err != nil {
		return nil, &npmtree.Handover{Reason: err.Error()}
	}
	roots, err := m.roots(n, config)
	if err != nil {
		return nil, err
	}
	proxy, err := npmregistry.Proxy(config, n.env)
	if err != nil {
		return nil, &npmtree.Handover{Reason: err.Error()}
	}
	archives := npmregistry.NewArchives(n.contents(), registry, roots)
	archives.Shown = m.shown
	archives.UseProxy(proxy)
	offline, _ := config.Get("offline")
	archives.Offline = offline == "true"
	return archives, nil
}

// contents is the folder of npm's cache with the archives.
func (n npm) contents() string { return filepath.Join(n.cache.Dir, cacheStore, cacheContents) }

// takeShown puts the archives that the platform shows into npm's cache: npm looks there
// for an integrity before it asks the registry.
func (m *manager) takeShown(n npm) error {
	if m.inputs.cache {
		return nil
	}
	if err := n.cache.Open(); err != nil {
		return err
	}
	archives := npmregistry.Archives{Dir: n.contents(), Shown: m.shown}
	err := archives.TakeAll()
	if diskfull.Is(err) {
		return tree.DiskFull("the disk is full while copying archives into "+n.cache.Dir, err)
	}
	return err
}

// roots returns the certificate authorities that npm trusts: those of its setting
// cafile, or the system's and those of NODE_EXTRA_CA_CERTS.
func (m *manager) roots(n npm, config *npmrc.Config) (*x509.CertPool, error) {
	roots, err := npmregistry.Roots(config, m.project.Dir, m.env.Get("HOME"))
	if err != nil {
		return nil, &npmtree.Handover{Reason: err.Error()}
	}
	if roots != nil {
		return roots, nil
	}
	var extra []cacerts.File
	if path := n.env.Get("NODE_EXTRA_CA_CERTS"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil || cacerts.Check(text) != nil {
			return nil, &npmtree.Handover{Reason: "the certificates of NODE_EXTRA_CA_CERTS cannot be read"}
		}
		extra = append(extra, cacerts.File{Name: path, PEM: text})
	}
	return cacerts.Pool(extra)
}

// standardRegistry returns the registry that npm asks if its configuration names
// none.
func (n npm) standardRegistry() (*url.URL, error) {
	program, err := lookPath("npm", n.env.Get("PATH"))
	if err != nil {
		return nil, err
	}
	if program, err = filepath.EvalSymlinks(program); err != nil || filepath.Base(program) != "npm-cli.js" {
		return nil, &npmtree.Handover{Reason: "the program npm is not npm's own"}
	}
	standard, err := npmregistry.Standard(filepath.Dir(filepath.Dir(program)))
	if err != nil {
		return nil, &npmtree.Handover{Reason: err.Error()}
	}
	return standard, nil
}
