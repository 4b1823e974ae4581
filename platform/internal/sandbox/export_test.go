//go:build linux

package sandbox

// FirstProcesses returns a process's children: the first processes of a caller's
// sandboxes.
func FirstProcesses(caller int) (found []int) {
	all, _ := processes()
	for _, p := range all {
		if p.parent == caller {
			found = append(found, p.pid)
		}
	}
	return found
}

// ParseStat returns a parsed process as id, parent and state.
func ParseStat(text string) (pid, parent int, state byte, ok bool) {
	p, ok := parseStat(text)
	return p.pid, p.parent, p.state, ok
}

// EndDescendants ends every process below this one.
var EndDescendants = endDescendants

// StopNewest stops the newest of this process's children.
var StopNewest = stopNewest
