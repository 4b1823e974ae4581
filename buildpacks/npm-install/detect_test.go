package npminstall_test

import (
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/sclevine/spec"

	npminstall "github.com/armature-cnb/armature/buildpacks/npm-install"
	"github.com/armature-cnb/armature/internal/cnb/buildplan"
	"github.com/armature-cnb/armature/internal/environ"
	"github.com/armature-cnb/armature/internal/failure"
)

func testDetect(t *testing.T, context spec.G, it spec.S) {
	var (
		Expect = NewWithT(t).Expect

		app string
		env environ.List
	)

	it.Before(func() {
		app = t.TempDir()
		env = nil
	})

	detect := func() (packit.DetectResult, error) {
		return npminstall.Detect(env)(packit.DetectContext{WorkingDir: app})
	}

	requires := func() []packit.BuildPlanRequirement {
		result, err := detect()
		Expect(err).NotTo(HaveOccurred())
		Expect(result.Plan.Provides).To(Equal([]packit.BuildPlanProvision{{Name: "node_modules"}}))
		return result.Plan.Requires
	}

	build := buildplan.Requirement{Build: true}

	it("provides node_modules and requires node and npm for the build", func() {
		writeFiles(t, app, files{"package.json": `{}`})
		Expect(requires()).To(Equal([]packit.BuildPlanRequirement{
			{Name: "node", Metadata: build},
			{Name: "npm", Metadata: build},
		}))
	})

	it("requires the node of engines.node", func() {
		writeFiles(t, app, files{"package.json": `{"engines":{"node":">=22"}}`})
		Expect(requires()[0].Metadata).To(Equal(buildplan.Requirement{Version: ">=22", VersionSource: "package.json", Build: true}))
	})

	for _, value := range []string{"BP_NPM_INCLUDE_BUILD_PYTHON=", "BP_NPM_INCLUDE_BUILD_PYTHON=true"} {
		it("requires cpython between them with "+value, func() {
			writeFiles(t, app, files{"package.json": `{}`})
			env = environ.List{value}
			Expect(requires()[1]).To(Equal(packit.BuildPlanRequirement{Name: "cpython", Metadata: build}))
		})
	}

	it("does not require cpython when the switch is off", func() {
		writeFiles(t, app, files{"package.json": `{}`})
		env = environ.List{"BP_NPM_INCLUDE_BUILD_PYTHON=false"}
		Expect(requires()).To(HaveLen(2))
	})

	it("is an error when that switch cannot be read", func() {
		writeFiles(t, app, files{"package.json": `{}`})
		env = environ.List{"BP_NPM_INCLUDE_BUILD_PYTHON=3"}
		_, err := detect()
		Expect(err).To(MatchError(&failure.Failure{ID: "setting-invalid"}))
	})

	it("fails without a package.json", func() {
		writeFiles(t, app, files{"package-lock.json": `{}`})
		_, err := detect()
		Expect(err).To(BeAssignableToTypeOf(packit.Fail))
		Expect(err).To(MatchError("no package.json in " + app))
	})

	for _, row := range []struct{ name, text string }{
		{"is not JSON", `{`},
		{"has engines in the form of a list", `{"engines":["node"]}`},
		{"is text in UTF-16", "\xff\xfe{\x00}\x00"},
	} {
		it("is an error when package.json "+row.name, func() {
			writeFiles(t, app, files{"package.json": row.text})
			_, err := detect()
			Expect(err).To(MatchError(&failure.Failure{ID: "package-json-invalid"}))
		})
	}

	it("is an error when the start script that was chosen does not exist", func() {
		writeFiles(t, app, files{"package.json": `{"scripts":{"start":"x"}}`})
		env = environ.List{"BP_NPM_START_SCRIPT=serve"}
		_, err := detect()
		Expect(err).To(MatchError(&failure.Failure{ID: "start-script-missing"}))
	})

	for _, row := range []struct{ name, id string }{{"build,lint", "build-script-missing"}, {"build,", "setting-invalid"}} {
		it("is an error when the build scripts that were chosen cannot be run: "+row.name, func() {
			writeFiles(t, app, files{"package.json": `{"scripts":{"build":"x","test":"x"}}`})
			env = environ.List{"BP_NODE_RUN_SCRIPTS=" + row.name}
			_, err := detect()
			Expect(err).To(MatchError(&failure.Failure{ID: row.id}))
		})
	}

	it("lists the scripts that there are when one does not exist", func() {
		writeFiles(t, app, files{"package.json": `{"scripts":{"build":"x","test":"x"}}`})
		env = environ.List{"BP_NODE_RUN_SCRIPTS=lint"}
		_, err := detect()
		Expect(err).To(MatchError(ContainSubstring("(build, test)")))
	})

	for _, row := range []struct {
		name      string
		workspace files
		version   string
	}{
		{"the root's for a workspace that says nothing", files{"packages/a/package.json": `{}`}, "22"},
		{"a workspace's own", files{"packages/a/package.json": `{"engines":{"node":"24"}}`}, "24"},
		{"none where a workspace has a version file", files{"packages/a/package.json": `{}`, "packages/a/.nvmrc": "24"}, ""},
	} {
		it("requires the node of engines.node: "+row.name, func() {
			writeFiles(t, app, files{"package.json": `{"workspaces":["packages/*"],"engines":{"node":"22"}}`})
			writeFiles(t, app, row.workspace)
			env = environ.List{"BP_NODE_PROJECT_PATH=packages/a"}
			Expect(requires()[0].Metadata.(buildplan.Requirement).Version).To(Equal(row.version))
		})
	}

	context("when the project is in a folder of the app", func() {
		it("passes with the project path", func() {
			writeFiles(t, app, files{"web/package.json": `{}`})
			env = environ.List{"BP_NODE_PROJECT_PATH=web"}
			Expect(requires()).To(HaveLen(2))
		})

		it("is an error when the folder does not exist", func() {
			env = environ.List{"BP_NODE_PROJECT_PATH=web"}
			_, err := detect()
			Expect(err).To(MatchError(&failure.Failure{ID: "project-path-invalid"}))
		})
	})
}
