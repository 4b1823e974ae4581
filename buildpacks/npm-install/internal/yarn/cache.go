package yarn

// BoundDownloads removes from Yarn's cache what the lockfile does not need.
func (m *manager) BoundDownloads(dir string) error { return nil }
