package yarnlock_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/yarnlock"
)

// FuzzParse looks for a lockfile that makes parsing or a query panic.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		classic, berry, "", "a@1:\n", "@:\n", "__metadata: {version: 8}\n'': {resolution: 'a@workspace:../b'}\n",
		"a@link:../x, b@portal:/y:\n  version \"0\"\n", "__metadata:\n  version: 8\na@workspace:.: {resolution: 'a@workspace:.', dependencies: {a: 'workspace:.', b: '1'}}\n",
	} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		lock, err := yarnlock.Parse(text)
		if err != nil {
			return
		}
		for _, entry := range lock.Entries {
			entry.File()
		}
		graph, _, err := lock.Graph(dir, []string{"a", "../b", "/c"})
		if err != nil {
			return
		}
		for _, dev := range []bool{false, true} {
			graph.Gaps(deps.PlatformOf(targets.LinuxARM64), dev)
			graph.Closure("a", dev)
		}
		graph.Links()
	})
}
