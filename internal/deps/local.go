package deps

import "strings"

// LocalPath returns the path in a range of package.json that names a folder or an
// archive.
func LocalPath(spec string) (path string, ok bool) {
	path, ok = strings.CutPrefix(spec, "file:")
	path = strings.TrimPrefix(path, "//")
	return path, (ok || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../")) && !strings.HasPrefix(path, "~")
}
