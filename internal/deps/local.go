package deps

import "strings"

// LocalPath is where a range of package.json leads that names a folder or an
// archive, and no version.
func LocalPath(spec string) (path string, ok bool) {
	path, ok = strings.CutPrefix(spec, "file:")
	path = strings.TrimPrefix(path, "//")
	return path, (ok || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../")) && !strings.HasPrefix(path, "~")
}
