package staticsite

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/buildpacks/static-site/internal/assemble"
	"github.com/armature-cnb/armature/buildpacks/static-site/internal/site"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/nodemodules"
)

// folder returns the site's folder, relative to the project's, which has files.
// Without BP_STATIC_ROOT it is the first that has an index.html.
func (s source) folder(getenv settings.Getenv) (string, error) {
	given := getenv(settings.StaticRoot)
	if given == "" {
		if found := s.app.Site.Root(s.dir); found != "" {
			return found, nil
		}
		return "", s.missing(fmt.Sprintf("want an %s in %s", site.IndexPage, strings.Join(s.app.Site.Roots, ", ")))
	}
	clean := filepath.Clean(given) // which startup.Decide keeps within the project
	info, err := os.Stat(filepath.Join(s.dir, clean))
	if err != nil || !info.IsDir() {
		return "", s.missing(fmt.Sprintf("%s is %q, want a folder that is there after the build", settings.StaticRoot, given))
	}
	return clean, nil
}

// missing is the error for a site without a folder. It names the folders that have
// an index.html after the build.
func (s source) missing(cause string) error {
	remedy := fmt.Sprintf("set %s to the folder of files that the build makes, relative to the project's folder", settings.StaticRoot)
	if found := s.pages(); len(found) > 0 {
		remedy += ". These have an " + site.IndexPage + ": " + strings.Join(found, ", ")
	} else if s.builds {
		remedy += fmt.Sprintf(", and see that the scripts that build, which %s names, make it: no folder has an %s", settings.RunScripts, site.IndexPage)
	} else {
		remedy += fmt.Sprintf(": no folder has an %s", site.IndexPage)
	}
	return &failure.Failure{ID: "static-root-missing", Cause: "the app is a static site (" + s.app.Site.Evidence + "), and there is none: " + cause, Remedy: remedy + "."}
}

// Limits of the search for folders with an index.html.
const (
	maxDepth  = 4
	maxListed = 5
)

// pages returns folders of the project that have an index.html, relative to it.
func (s source) pages() (found []string) {
	filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return fs.SkipDir
		}
		relative, err := filepath.Rel(s.dir, path)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && relative != "." && (entry.Name() == nodemodules.Dir || strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".output" || strings.Count(relative, "/") >= maxDepth):
			return fs.SkipDir
		case entry.Name() == site.IndexPage && entry.Type().IsRegular():
			found = append(found, filepath.ToSlash(filepath.Dir(relative)))
		}
		if len(found) == maxListed {
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// notServed are files of a project that are no part of a site, if the project's
// folder is the site's.
var notServed = []string{
	nodemodules.Dir, "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "pnpm-workspace.yaml", "bun.lock", "bun.lockb",
	"project.toml", "Procfile", "Dockerfile", "docker-compose.yml", "compose.yaml",
}

// options are how the folder is read.
func (s source) options(folder string) (o assemble.Options, err error) {
	if folder == "." {
		o.Except = notServed
	}
	o.Hashes.Prefixes = s.app.Site.Hashed
	if names := s.app.Site.HashedNames; names != "" {
		o.Hashes.Names, err = regexp.Compile(names)
	}
	return o, err
}

// fallbackVariable names the page for paths without a file, see buildpack.toml.
const fallbackVariable = "BP_STATIC_FALLBACK"

// noFallback is the value of the variable for none.
const noFallback = "none"

// fallback returns the page for paths without a file, and why; empty for none.
func (s source) fallback(files map[string]site.File, getenv settings.Getenv) (page, why string, err error) {
	if given := getenv(fallbackVariable); given != "" {
		page = strings.TrimPrefix(given, "/")
		if _, ok := files[page]; !ok && given != noFallback {
			return "", "", &failure.Failure{
				ID:     "setting-invalid",
				Cause:  fmt.Sprintf("%s is %q, and the site has no such file", fallbackVariable, given),
				Remedy: fmt.Sprintf("set %s to a page of the site, such as %s, to %s for no such page, or leave it unset.", fallbackVariable, site.IndexPage, noFallback),
			}
		}
		if given == noFallback {
			page = ""
		}
		return page, fallbackVariable, nil
	}
	if page = s.app.Site.Fallback; page != "" {
		if _, ok := files[page]; ok {
			return page, s.app.Site.Evidence, nil
		}
	}
	if _, ok := files[site.ShellPage]; ok {
		return site.ShellPage, "a page for that by its name", nil
	}
	return "", "", nil
}
