package integration_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/onsi/gomega"
	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/occam"
	. "github.com/paketo-buildpacks/occam/matchers"
	"github.com/sclevine/spec"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// running starts containers in every way, and stops them.
func running(tg targets.Target) func(*testing.T, spec.G, spec.S) {
	return func(t *testing.T, when spec.G, it spec.S) {
		var (
			Expect     = gomega.NewWithT(t).Expect
			Eventually = gomega.NewWithT(t).Eventually
			container  = occam.NewDocker().Container.Run
		)

		when("the app closes down by itself", func() {
			for _, told := range []struct {
				signal string
				status int
			}{{"SIGTERM", 7}, {"SIGINT", 8}, {"SIGHUP", 9}} {
				it("gets "+told.signal+" and the container ends with the app's own status", func() {
					server := serving(t, container, sharedImage(t, "server", tg), "up")
					dockerOutput(t, "kill", "--signal", told.signal, server.ID)
					Expect(exitStatus(t, server)).To(Equal(told.status))
				})
			}

			it("ends by `docker stop` without being killed", func() {
				server := serving(t, container, sharedImage(t, "server", tg), "up")
				dockerOutput(t, "stop", server.ID)
				Expect(exitStatus(t, server)).To(Equal(7))
			})
		})

		when("the start script is for a shell and has hooks", func() {
			it("runs one after the other, the arguments at the end of the script", func() {
				server := serving(t, container.WithCommandArgs([]string{"a  b", "$HOME"}), sharedImage(t, "hooks", tg), "up")
				Eventually(server).Should(Serve("up").OnPort(3000).WithEndpoint("/end"))
				Expect(exitStatus(t, server)).To(Equal(0))
				Expect(logLines(t, server)).To(Equal([]string{"before", "listening", "closed by /end", "ended a  b $HOME", "finally"}))
			})

			it("lets the server behind the shell close when the container is stopped, and runs nothing more", func() {
				server := serving(t, container, sharedImage(t, "hooks", tg), "up")
				dockerOutput(t, "stop", server.ID)
				Expect(exitStatus(t, server)).To(Equal(7))
				Expect(logLines(t, server)).To(Equal([]string{"before", "listening", "closed by SIGTERM"}))
			})
		})

		when("the container is given arguments", func() {
			it("passes them on whole", func() {
				given := []string{"two words", "$HOME", "", `"quoted"`, "*"}
				server := serving(t, container.WithCommandArgs(given), sharedImage(t, "server", tg), "up")
				var got []string
				Expect(json.Unmarshal([]byte(logLines(t, server)[0]), &got)).To(Succeed())
				Expect(got).To(Equal(given))
			})
		})

		when("the root file system is read-only and there is no tmp", func() {
			it("starts, with a shell or without one", func() {
				for _, app := range []string{"server", "hooks"} {
					server := serving(t, container.WithReadOnly(), sharedImage(t, app, tg), "up")
					Expect(dockerOutput(t, "diff", server.ID)).To(BeEmpty(), "something was written")
				}
			})
		})

		when("the container's memory is limited", func() {
			const heap = "v8.getHeapStatistics().heap_size_limit / 2 ** 20"

			it("has a heap below the limit", func() {
				got := node(t, sharedImage(t, "server", tg), heap+", process.env.NODE_OPTIONS", "--memory", "256m")
				Expect(got[0]).To(And(BeNumerically(">=", 192), BeNumerically("<", 256)))
				Expect(got[1]).To(ContainSubstring("--max_old_space_size=192"))
			})

			it("leaves the user's own heap and options as they are", func() {
				got := node(t, sharedImage(t, "server", tg), heap+", process.env.NODE_OPTIONS",
					"--memory", "256m", "--env", "NODE_OPTIONS=--no-deprecation --max-old-space-size=100")
				Expect(got[0]).To(And(BeNumerically(">=", 100), BeNumerically("<", 192)))
				Expect(got[1]).To(HavePrefix("--no-deprecation --max-old-space-size=100"))
				Expect(got[1]).NotTo(ContainSubstring("192"))
			})

			it("forks no more processes than there is memory for, when asked how many", func() {
				got := node(t, sharedImage(t, "server", tg), "process.env.WEB_CONCURRENCY",
					"--memory", "256m", "--env", "BPL_WEB_CONCURRENCY_ENABLED=true")
				Expect(got[0]).To(Equal("1"))
			})
		})

		when("nothing limits the memory", func() {
			it("leaves the heap to Node.js", func() {
				got := node(t, sharedImage(t, "server", tg), "process.env.NODE_OPTIONS")
				Expect(got[0]).To(Equal("--use-openssl-ca"))
			})
		})

		when("the inspector is asked for", func() {
			it("answers on the published port", func() {
				server := serving(t, container.WithPublish("9229").WithEnv(map[string]string{
					"BPL_DEBUG_ENABLED": "true", "BPL_DEBUG_HOST": "0.0.0.0",
				}), sharedImage(t, "server", tg), "up")
				Eventually(server).Should(Serve(ContainSubstring("node.js/v24.")).OnPort(9229).WithEndpoint("/json/version"))
			})
		})
	}
}

// exitStatus waits for a container to end.
func exitStatus(t *testing.T, c occam.Container) int {
	t.Helper()
	var status int
	if err := json.Unmarshal(dockerOutput(t, "wait", c.ID), &status); err != nil {
		t.Fatal(err)
	}
	return status
}

// logLines are the lines that a container wrote to its standard output.
func logLines(t *testing.T, c occam.Container) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(string(dockerOutput(t, "logs", c.ID))), "\n")
}

// node runs Node.js like the app, and returns the results of JavaScript
// expressions. The rest are arguments for `docker run`.
func node(t *testing.T, built occam.Image, expressions string, args ...string) []any {
	t.Helper()
	var values []any
	text := program(t, built, args, "node", "--print", "JSON.stringify(["+expressions+"])")
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// program runs a program in a container, in the environment of the app's
// process and with arguments for `docker run`, and returns what it prints.
func program(t *testing.T, built occam.Image, args []string, command ...string) string {
	t.Helper()
	run := append([]string{"run", "--rm", "--entrypoint", "launcher"}, args...)
	run = append(append(run, built.ID, "--"), command...)
	return strings.TrimSpace(string(dockerOutput(t, run...)))
}
