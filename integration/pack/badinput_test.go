package integration_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"testing"

	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/occam"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// badInput has mistakes of app developers. Each gives an error with a remedy,
// and no image.
func badInput(t *testing.T, when spec.G, it spec.S) {
	var (
		Expect = gomega.NewWithT(t).Expect
		app    string
	)

	it.Before(func() {
		app = copyApp(t, "express")
	})

	failing := func(build occam.PackBuild) string { return fails(t, build, app) }

	build := func() occam.PackBuild { return packBuild(targets.LinuxARM64) }

	when("there is no package.json", func() {
		it("says that nothing here is a Node.js app and which file it looked for", func() {
			app = t.TempDir()
			write(t, app, "README.md", "Hello")
			logs := failing(build())
			Expect(logs).To(ContainSubstring("No buildpack groups passed detection"))
			Expect(logs).To(ContainSubstring("package.json"))
		})
	})

	when("package.json is not JSON", func() {
		it("names the file and what is wrong in it", func() {
			write(t, app, "package.json", "{name: express-app}")
			Expect(failing(build())).To(ContainSubstring("[package-json-invalid]"))
		})
	})

	when("the Node.js version does not exist", func() {
		it("lists the versions that do", func() {
			logs := failing(build().WithEnv(map[string]string{"BP_NODE_VERSION": "99"}))
			Expect(logs).To(ContainSubstring("[node-version-unknown]"))
			Expect(logs).To(MatchRegexp(`24\.\d+\.\d+`))
		})
	})

	when("the lockfile does not fit package.json", func() {
		it("says so and how to fix it", func() {
			write(t, app, "package.json", `{"name": "express-app", "version": "1.0.0",
				"scripts": {"start": "node node.js"}, "dependencies": {"express": "^4.18.1", "left-pad": "^1.3.0"}}`)
			logs := failing(build())
			Expect(logs).To(ContainSubstring("[lockfile-out-of-step]"))
			Expect(logs).NotTo(ContainSubstring("exit status 75"))
			Expect(logs).To(ContainSubstring("npm install"))
		})
	})

	when("there is no start script", func() {
		it("says which scripts there are", func() {
			write(t, app, "package.json", `{"name": "express-app", "version": "1.0.0",
				"scripts": {"check": "node node.js"}, "dependencies": {"express": "^4.18.1"}}`)
			logs := failing(build())
			Expect(logs).To(ContainSubstring("no start script"))
			Expect(logs).To(ContainSubstring("Its scripts: check"))
		})
	})

	when("the npm registry cannot be reached", func() {
		it("names it and the settings that choose another", func() {
			nobody := closedPort(t)
			logs := failing(build().WithNetwork("host").WithEnv(map[string]string{"NPM_CONFIG_REGISTRY": nobody, "NPM_CONFIG_FETCH_RETRIES": "0"}))
			Expect(logs).To(ContainSubstring("[npm-registry-unreachable]"))
			Expect(logs).To(ContainSubstring("exit status 75"), "temporary failures have their own status")
			Expect(logs).To(ContainSubstring("NPM_CONFIG_REGISTRY"))
		})
	})

	when("an archive is not what was pinned", func() {
		it("fails with both checksums and does not try elsewhere", func() {
			server := tampering(t)
			logs := failing(build().WithNetwork("host").WithEnv(map[string]string{
				"BP_NODE_VERSION":     "22.*",
				"BP_NODE_SOURCE":      "npm",
				"NPM_CONFIG_REGISTRY": server,
			}))
			Expect(logs).To(ContainSubstring("[checksum-mismatch]"))
			Expect(logs).To(MatchRegexp(`got .*[0-9a-f]{64}`))
		})
	})

	when("the run image is of an architecture nobody supports", func() {
		it("refuses before anything is installed", func() {
			const odd = "armature/run:riscv64"
			makeOddRunImage(t, odd)
			defer exec.Command("docker", "image", "rm", odd).Run()
			logs := failing(build().WithRunImage(odd))
			Expect(logs).To(ContainSubstring("riscv64"))
			Expect(logs).NotTo(ContainSubstring("Selected Node.js"))
		})
	})
}

// fails builds an app and returns the log; the build must fail and leave no
// image behind.
func fails(t *testing.T, build occam.PackBuild, app string) string {
	t.Helper()
	g := gomega.NewWithT(t)
	i := newImage(t)
	defer i.remove()
	_, logs, err := build.Execute(i.name, app)
	g.Expect(err).To(HaveOccurred())
	g.Expect(exec.Command("docker", "image", "inspect", i.name).Run()).NotTo(Succeed(), "an image was left behind")
	return logs.String()
}

// closedPort is the URL of a port on loopback where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// tampering returns the URL of a registry that answers every request with wrong
// bytes.
func tampering(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("not what you asked for"))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// makeOddRunImage makes an image that says it is for linux/riscv64.
func makeOddRunImage(t *testing.T, tag string) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "Dockerfile", "FROM scratch\nCOPY Dockerfile /\nUSER 1001:1000\nLABEL io.buildpacks.base.distro.name=debian io.buildpacks.base.distro.version=13\n")
	cmd := exec.Command("docker", "build", "--quiet", "--platform", "linux/riscv64", "--tag", tag, dir)
	cmd.Env = append(cmd.Environ(), "DOCKER_BUILDKIT=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("docker build: %v\n%s", err, out)
	}
}
