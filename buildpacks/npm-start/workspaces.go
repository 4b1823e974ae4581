package npmstart

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/node/packagejson"
)

// startable returns the workspaces of a project that have the script, as paths
// relative to the project's folder.
func startable(dir string, pkg packagejson.Package, name string) []string {
	var found []string
	for _, pattern := range pkg.Workspaces {
		matches, err := filepath.Glob(filepath.Join(dir, strings.ReplaceAll(pattern, "**", "*")))
		if err != nil {
			continue // npm reports an invalid pattern
		}
		for _, match := range matches {
			inner, err := packagejson.Read(match)
			relative, outside := filepath.Rel(dir, match)
			if err != nil || outside != nil || strings.TrimSpace(inner.Scripts[name]) == "" {
				continue
			}
			found = append(found, filepath.ToSlash(relative))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// workspaceFlag matches npm's option for a workspace in a script.
var workspaceFlag = regexp.MustCompile(`(?:^|\s)(?:-w|--workspace)(?:=|\s+)['"]?([^\s'";&|]+)`)

// workspaceReason warns of a start script that has npm start a workspace.
func (s start) workspaceReason() string {
	if _, calls := CallsNPM(s.web.Command); !calls {
		return ""
	}
	match := workspaceFlag.FindStringSubmatch(s.web.Command)
	if match == nil {
		return ""
	}
	folder := s.workspaceFolder(match[1])
	return fmt.Sprintf("[start-through-npm] %s has npm start the workspace %s, so that npm is in the image, between the app and its signals, with the modules of all workspaces. To fix it: set %s=%s.",
		scriptsOf(s.web)[0], match[1], settings.ProjectPath, folder)
}

// workspaceFolder returns the folder in the app of a workspace named by its
// package or its folder.
func (s start) workspaceFolder(name string) string {
	for _, folder := range startable(s.dir, s.pkg, defaultScript) {
		if inner, err := packagejson.Read(filepath.Join(s.dir, folder)); err == nil && inner.Name == name {
			name = folder
		}
	}
	return s.fromRoot(name)
}
