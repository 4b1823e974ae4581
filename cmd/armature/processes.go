package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
)

// processType matches the types of processes that the lifecycle accepts (Buildpack
// API, "launch.toml"), at most so long that a variable can be named after one.
var processType = regexp.MustCompile(`^[A-Za-z0-9._-]{1,200}$`)

// readProcesses parses flags of the form TYPE=COMMAND.
func readProcesses(items []string) (map[string]string, error) {
	var processes map[string]string
	for _, item := range items {
		kind, command, found := strings.Cut(item, "=")
		if !found || !processType.MatchString(kind) || strings.TrimSpace(command) == "" || strings.ContainsRune(command, 0) {
			return nil, &failure.Failure{
				ID: "process-invalid", Cause: fmt.Sprintf("--process is %q", item),
				Remedy: "give TYPE=COMMAND, with a TYPE of letters, digits, . _ and -, such as --process \"worker=node worker.js\".",
			}
		}
		if processes == nil {
			processes = map[string]string{}
		}
		processes[kind] = command
	}
	return processes, nil
}
