package npminstall_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/failure"
)

func testOtherTarget(t *testing.T, context spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	context("for another target than the host", func() {
		var other targets.Target

		it.Before(func() {
			other = otherTarget(t)
			f.env = f.env.With("CNB_TARGET_ARCH", other.Arch)
			for _, one := range targets.All() {
				f.npms.publish("native-"+one.Node(), "1.0.0",
					map[string]any{"os": []string{"linux"}, "cpu": []string{one.Node()}}, files{"native.node": library(one.ELF())})
			}
			f.npms.publish("native", "1.0.0", map[string]any{"optionalDependencies": map[string]string{"native-x64": "1.0.0", "native-arm64": "1.0.0"}}, nil)
		})

		it("installs the target's packages for the launch and the host's for the build", func() {
			f.withLock(files{"package.json": `{"name":"app","dependencies":{"native":"1.0.0"}}`})
			f.built(buildAndLaunch)
			Expect(f.modules("launch-modules", "native-"+other.Node())).To(BeADirectory())
			Expect(f.modules("launch-modules", "native-"+hostTarget(t).Node())).NotTo(BeADirectory())
			Expect(f.modules("build-modules", "native-"+hostTarget(t).Node())).To(BeADirectory())
			Expect(f.modules("build-modules", "native-"+other.Node())).NotTo(BeADirectory())
			Expect(f.log.String()).To(ContainSubstring("Checked 1 native files: each package has those for " + other.String()))
		})

		it("tells install scripts what they compile for, and with what", func() {
			f.npms.publish("gyp", "1.0.0", map[string]any{"hasInstallScript": true, "scripts": map[string]string{
				"install": "echo $npm_config_arch $npm_config_target_arch $npm_config_platform $npm_config_target_platform $npm_config_target_libc $CC $CXX $LINK $AR $STRIP > for",
			}}, nil)
			f.withLock(files{"package.json": `{"name":"app","dependencies":{"gyp":"1.0.0"},"allowScripts":{"gyp":true}}`})
			f.env = f.env.With("STRIP", "my-strip")
			f.built(launchOnly)
			text, err := os.ReadFile(f.modules("launch-modules", "gyp", "for"))
			Expect(err).NotTo(HaveOccurred())
			Expect(string(text)).To(Equal(fmt.Sprintf("%[1]s %[1]s linux linux glibc %[2]s-gcc %[2]s-g++ %[2]s-g++ %[2]s-ar my-strip\n", other.Node(), other.Triplet())))
		})

		it("runs no script of a package that has the target's binaries", func() {
			spoils := map[string]any{"hasInstallScript": true, "scripts": map[string]string{"postinstall": "echo > spoilt"}}
			with := func(extra map[string]any) map[string]any {
				all := maps.Clone(spoils)
				maps.Copy(all, extra)
				return all
			}
			f.npms.publish("optional", "1.0.0", with(map[string]any{"optionalDependencies": map[string]string{"native-x64": "1.0.0", "native-arm64": "1.0.0"}}), nil)
			f.npms.publish("prebuilt", "1.0.0", spoils, files{"prebuilds/linux-" + other.Node() + "/it.glibc.node": library(other.ELF())})
			f.npms.publish("musl", "1.0.0", spoils, files{"prebuilds/linux-" + other.Node() + "/it.musl.node": library(other.ELF())})
			f.npms.publish("other", "1.0.0", with(map[string]any{"optionalDependencies": map[string]string{"word": "1.0.0"}}), nil)
			f.withLock(files{"package.json": `{"name":"app","dependencies":{"optional":"1.0.0","prebuilt":"1.0.0","musl":"1.0.0","other":"1.0.0"},
				"allowScripts":{"optional":true,"prebuilt":true,"musl":true,"other":true}}`})
			f.built(launchOnly)
			for _, name := range []string{"optional", "prebuilt"} {
				Expect(f.modules("launch-modules", name, "spoilt")).NotTo(BeAnExistingFile())
			}
			for _, name := range []string{"musl", "other"} {
				Expect(f.modules("launch-modules", name, "spoilt")).To(BeAnExistingFile())
			}
		})

		it("runs the scripts of the project's own and of its workspaces, after those of packages", func() {
			f.npms.publish("gyp", "1.0.0", map[string]any{"hasInstallScript": true, "scripts": map[string]string{"install": "echo gyp >> $INIT_CWD/order"}}, nil)
			f.withLock(files{
				"package.json": `{"name":"app","workspaces":["packages/*"],"dependencies":{"gyp":"1.0.0"},"allowScripts":{"gyp":true},
					"scripts":{"preinstall":"echo preinstall >> order","postinstall":"echo postinstall >> order","preprepare":"echo preprepare >> order","prepare":"echo prepare >> order",
					"dependencies":"echo dependencies >> order","postdependencies":"echo postdependencies >> order"}}`,
				"packages/a/package.json": `{"name":"a","version":"1.0.0","scripts":{"postinstall":"echo a >> ../../order","dependencies":"echo wrong >> ../../order"}}`,
			})
			Expect(os.RemoveAll(filepath.Join(f.app, "order"))).To(Succeed())
			f.built(launchOnly)
			text, err := os.ReadFile(filepath.Join(f.app, "order"))
			Expect(err).NotTo(HaveOccurred())
			before := []string{"gyp", "a", "dependencies", "postdependencies", "preinstall", "postinstall"}
			Expect(strings.Fields(string(text))).To(Equal(slices.Concat(before, []string{"preprepare", "prepare"}, before))) // for the build, and for the launch
		})

		it("prepares the project's sources with the tools of the build alone", func() {
			f.npms.publish("nuxt", "1.0.0", map[string]any{"bin": "nuxt.js"}, files{"nuxt.js": "#!/usr/bin/env node\nrequire('native-" + hostTarget(t).Node() + "/package.json'); require('fs').writeFileSync('prepared', '')\n"})
			f.withLock(files{"package.json": `{"name":"app","dependencies":{"nuxt":"1.0.0","native":"1.0.0"},"scripts":{"postinstall":"nuxt prepare","build":"test -e prepared"}}`})
			f.built(buildAndLaunch)
			Expect(f.log.String()).To(ContainSubstring("Leaving out the script postinstall: `nuxt prepare` only prepares sources"))
		})

		it("is an error when a package has nothing but the host's", func() {
			f.npms.publish("compiled", "1.0.0", nil, files{"build/Release/x.node": library(hostTarget(t).ELF())})
			f.withLock(files{"package.json": `{"name":"app","dependencies":{"compiled":"1.0.0"}}`})
			_, err := f.build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "native-module-wrong-architecture"}))
			Expect(err).To(MatchError(ContainSubstring("compiled: build/Release/x.node is for " + hostTarget(t).String())))
			Expect(err).To(MatchError(And(ContainSubstring("comes with binaries for the target"), ContainSubstring("`armature build --emulate`"))))

			f.env = f.env.With("BP_NODE_MODULES_CHECK", "warn")
			f.built(launchOnly)
			Expect(f.log.String()).To(ContainSubstring("WARNING: [native-module-wrong-architecture]"))
		})

		it("is an error when npm is too old for it and it matters", func() {
			f.withLock(files{"package.json": `{"name":"app","dependencies":{"native":"1.0.0"}}`})
			f.env = otherVersions(t, f.env, `"npm": ".*"`, `"npm": "9.8.1"`)
			_, err := f.build(launchOnly)
			Expect(err).To(MatchError(&failure.Failure{ID: "npm-too-old-for-target"}))
		})

		it("does not mind an old npm when every package is for every platform", func() {
			f.withLock(simple)
			f.env = otherVersions(t, f.env, `"npm": ".*"`, `"npm": "9.8.1"`)
			f.built(launchOnly)
		})
	})
}
