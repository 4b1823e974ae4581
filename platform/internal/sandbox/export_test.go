//go:build linux

package sandbox

// FirstProcesses are the children of a process: of a caller's, the first
// processes of its sandboxes.
func FirstProcesses(caller int) (found []int) {
	all, _ := processes()
	for _, p := range all {
		if p.parent == caller {
			found = append(found, p.pid)
		}
	}
	return found
}

// ParseStat is what is read of a process, as number, parent and state.
func ParseStat(text string) (pid, parent int, state byte, ok bool) {
	p, ok := parseStat(text)
	return p.pid, p.parent, p.state, ok
}

// EndDescendants ends every process below this one.
var EndDescendants = endDescendants
