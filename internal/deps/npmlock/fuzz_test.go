package npmlock_test

import (
	"testing"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/deps"
	"github.com/armature-cnb/armature/internal/deps/npmlock"
)

// FuzzParse looks for a lockfile that makes parsing or a query panic.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1"}},"node_modules/a":{"version":"1.0.0","resolved":"x","integrity":"sha512-x","optionalDependencies":{"a-linux-arm64":"1"},"os":["linux"],"cpu":["!x64"],"libc":"glibc"},"w":{"link":true,"resolved":"../w"}}}`,
		`{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0","requires":{"b":"1"},"dependencies":{"b":{"version":"1.0.0","dev":true}}}}}`,
		`{"lockfileVersion":2,"packages":{"":{"workspaces":["a"]},"node_modules/a":{"link":true,"resolved":"a"},"a":{"dependencies":{"a":"*"}}}}`,
		`{"lockfileVersion":3,"packages":{"":{"dependencies":{"a":"1"}},"/a":{"dependencies":{"b":"1"},"optionalDependencies":{"x-linux-arm64":"1","x-linux-x64":"1"}},"node_modules/a":{"link":true,"resolved":"/a"}}}`,
		`null`, `{}`, `[]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		lock, err := npmlock.Parse(text)
		if err != nil {
			return
		}
		for _, dev := range []bool{false, true} {
			lock.Gaps(deps.PlatformOf(targets.LinuxARM64), dev)
			for _, folder := range []string{"", "a", "../w"} {
				lock.Closure(folder, dev)
			}
		}
		lock.Links()
		for _, p := range lock.Packages {
			lock.Resolve(p.Path, "a")
			p.RunsOn(deps.PlatformOf(targets.LinuxAMD64))
		}
	})
}
