package npmstart_test

import (
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/sclevine/spec"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
)

func testPort(t *testing.T, _ spec.G, it spec.S) {
	var f *fixture
	Expect := NewWithT(t).Expect

	it.Before(func() { f = newFixture(t) })

	// port returns the variables and the label of a build.
	port := func(packageJSON string) (map[string]string, string) {
		f.packageJSON(packageJSON)
		result, err := f.build()
		Expect(err).NotTo(HaveOccurred())
		return filesOf(t, filepath.Join(result.Layers[1].Path, "env.launch")), result.Launch.Labels[npmstart.PortLabel]
	}

	for _, row := range []struct{ name, pkg, file, text, want string }{
		{"the framework's", `{"dependencies":{"@nestjs/core":"11"}}`, "dist/main.js", "", "3000"},
		{"that of the file", `{}`, "server.js", "listen(process.env.PORT || 4567)", "4567"},
		{"that of the file, which is before the framework's", `{"dependencies":{"@nestjs/core":"11"}}`, "dist/main.js", "app.listen(process.env.PORT ?? 3210)", "3210"},
		{"a usual one where the file has none", `{}`, "server.js", "listen(process.env.PORT)", "8080"},
		{"a usual one for a Procfile", `{}`, "Procfile", "web: node a.js --port $PORT", "8080"},
	} {
		it("gives the app a port: "+row.name, func() {
			write(t, filepath.Join(f.app, row.file), row.text)
			variables, label := port(row.pkg)
			Expect(variables).To(HaveKeyWithValue("PORT.default", row.want))
			Expect(label).To(Equal(row.want))
			Expect(f.log.String()).To(ContainSubstring("PORT says which port it listens to: " + row.want + " without it"))
		})
	}

	for _, row := range []struct{ name, pkg, text string }{
		{"a start script as it is", `{"scripts":{"start":"node server.js"}}`, "listen(process.env.PORT || 3000)"},
		{"a file that reads no port", `{}`, "listen(80)"},
	} {
		it("gives none to "+row.name, func() {
			write(t, filepath.Join(f.app, "server.js"), row.text)
			variables, label := port(row.pkg)
			Expect(variables).NotTo(HaveKey("PORT.default"))
			Expect(label).To(BeEmpty())
		})
	}

	it("leaves a label of the settings alone", func() {
		f.env["BP_IMAGE_LABELS"] = npmstart.PortLabel + "=80"
		write(t, filepath.Join(f.app, "server.js"), "listen(process.env.PORT)")
		_, label := port(`{}`)
		Expect(label).To(Equal("80"))
	})
}
