package versionfile

// Folder is the folder whose files say what version a project wants: its own,
// unless none of them says anything; then the root of the workspaces that it
// belongs to. Root may be the same folder.
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
