package versionfile

// Folder returns the folder with the project's version files: its own, or its
// workspace root if it has none. Root may be the same folder.
func Folder(dir, root string) string {
	if HasEngine(dir) {
		return dir
	}
	for _, s := range sources {
		if text, err := s.read(dir); err != nil || text != "" {
			return dir
		}
	}
	return root
}
