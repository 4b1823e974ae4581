package npmstart_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/sclevine/spec"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/failure"
)

func testGiven(t *testing.T, context spec.G, it spec.S) {
	var (
		Expect = NewWithT(t).Expect

		app, layers, buildpack string
		env                    map[string]string
		log                    *bytes.Buffer
	)

	it.Before(func() {
		app, layers, buildpack = t.TempDir(), t.TempDir(), t.TempDir()
		env = map[string]string{"CNB_TARGET_OS": "linux", "CNB_TARGET_ARCH": "arm64"}
		log = &bytes.Buffer{}
		write(t, filepath.Join(buildpack, "bin", "linux-arm64", "supervisor"), "")
		write(t, filepath.Join(app, "package.json"), `{"version":"1.0.0","scripts":{"start":"node a.js"}}`)
	})

	build := func(environ ...string) (packit.BuildResult, error) {
		return npmstart.Build(environOf(env, environ...), scribe.NewEmitter(log))(packit.BuildContext{
			WorkingDir: app, CNBPath: buildpack, Layers: packit.Layers{Path: filepath.Join(layers, "armature_npm-start")},
		})
	}

	// launched returns an app's variables, as the lifecycle's launcher makes them
	// of the layers for a container with these variables.
	launched := func(container []string, environ ...string) map[string]string {
		result, err := build(environ...)
		Expect(err).NotTo(HaveOccurred())
		all := map[string]string{}
		for _, pair := range container {
			name, value, _ := strings.Cut(pair, "=")
			all[name] = value
		}
		for _, layer := range result.Layers {
			launchEnv(t, all, layer.Path)
		}
		return all
	}

	context("variables for the app", func() {
		it("are set, over what the container has", func() {
			got := launched([]string{"A=0", "B=0"}, "BPE_A=1 2", "BPE_OVERRIDE_B=", "BPE_C=x=y", "OTHER=1", "BP_D=1")
			Expect(got).To(HaveKeyWithValue("A", "1 2"))
			Expect(got).To(HaveKeyWithValue("B", ""))
			Expect(got).To(HaveKeyWithValue("C", "x=y"))
			Expect(got).NotTo(HaveKey("OTHER"))
			Expect(got).NotTo(HaveKey("D"))
		})

		it("are set where the container has none", func() {
			got := launched([]string{"A=0"}, "BPE_DEFAULT_A=1", "BPE_DEFAULT_B=2")
			Expect(got).To(HaveKeyWithValue("A", "0"))
			Expect(got).To(HaveKeyWithValue("B", "2"))
		})

		it("are added to what the container has", func() {
			got := launched([]string{"A=0", "B=0"}, "BPE_APPEND_A=1", "BPE_DELIM_A=:", "BPE_PREPEND_A=2", "BPE_PREPEND_B=1", "BPE_APPEND_C=1", "BPE_DELIM_C=,")
			Expect(got).To(HaveKeyWithValue("A", "2:0:1"))
			Expect(got).To(HaveKeyWithValue("B", "10"))
			Expect(got).To(HaveKeyWithValue("C", "1"))
		})

		it("go before what package.json says", func() {
			Expect(launched(nil, "BPE_npm_package_version=2.0.0")).To(HaveKeyWithValue("npm_package_version", "2.0.0"))
		})

		it("leave the PATH of the modules' programs in its place", func() {
			write(t, filepath.Join(app, "a.js"), "")
			got := launched([]string{"PATH=/bin"}, "BPE_PREPEND_PATH=/opt/bin", "BPE_DELIM_PATH=:")
			Expect(got).To(HaveKeyWithValue("PATH", "/opt/bin:"+filepath.Join(app, "node_modules", ".bin")+":/bin"))
			Expect(log.String()).NotTo(ContainSubstring("WARNING"))
		})

		it("are warned of where they take the programs away", func() {
			launched(nil, "BPE_PATH=/bin")
			Expect(log.String()).To(ContainSubstring("WARNING: [path-replaced] the app's PATH is what BPE_PATH says"))
			launched(nil, "BPE_PREPEND_PATH=/bin")
			Expect(log.String()).To(ContainSubstring("nothing stands between the app's PATH and what BPE_PREPEND_PATH adds"))
		})

		it("are told by their names, not by their values", func() {
			launched(nil, "BPE_TOKEN=s3cret", "BPE_APPEND_X=s3cret", "BPE_DELIM_X=;")
			Expect(log.String()).To(ContainSubstring("TOKEN: override"))
			Expect(log.String()).To(ContainSubstring("X: append"))
			Expect(log.String()).NotTo(ContainSubstring("s3cret"))
		})

		it("have no layer when there are none", func() {
			result, err := build("PATH=/bin")
			Expect(err).NotTo(HaveOccurred())
			Expect(result.Layers).To(HaveLen(2))
		})

		it("have a layer that is reused", func() {
			result, err := build("BPE_A=1")
			Expect(err).NotTo(HaveOccurred())
			restore(t, filepath.Join(layers, "armature_npm-start"), result.Layers)
			again, err := build("BPE_A=1")
			Expect(err).NotTo(HaveOccurred())
			Expect(again.Layers).To(HaveLen(3))
			Expect(again.Layers[2].Name).To(Equal("variables"))
			Expect(again.Layers[2].Launch).To(BeTrue())
			Expect(again.Layers[2].Path).NotTo(BeADirectory())
			old := filepath.Join(again.Layers[2].Path, "old")
			write(t, old, "")
			_, err = build("BPE_A=2")
			Expect(err).NotTo(HaveOccurred())
			Expect(again.Layers[2].Path).To(BeADirectory())
			Expect(old).NotTo(BeAnExistingFile())
		})

		it("are left to the buildpack that is made for them", func() {
			write(t, filepath.Join(layers, "group.toml"), "[[group]]\nid = \"paketo-buildpacks/environment-variables\"\nversion = \"1\"\n")
			Expect(launched(nil, "BPE_APPEND_A=1")).NotTo(HaveKey("A"))
		})

		for _, name := range []string{"BPE_", "BPE_APPEND_", "BPE_DEFAULT_1A", "BPE_a.b", "BPE_OVERRIDE_a b", "BPE_DELIM_"} {
			it("are an error when they have no name that can be: "+name, func() {
				_, err := build(name + "=1")
				Expect(err).To(MatchError(&failure.Failure{ID: "setting-invalid"}))
				Expect(err).To(MatchError(ContainSubstring(name + " names the variable ")))
			})
		}

		it("are an error when one is given two values", func() {
			_, err := build("BPE_A=1", "BPE_OVERRIDE_A=2")
			Expect(err).To(MatchError(ContainSubstring("BPE_A and BPE_OVERRIDE_A give A two values")))
			Expect(launched(nil, "BPE_A=1", "BPE_OVERRIDE_A=1")).To(HaveKeyWithValue("A", "1"))
		})
	})

	context("labels", func() {
		labels := func() map[string]string {
			result, err := build()
			Expect(err).NotTo(HaveOccurred())
			return result.Launch.Labels
		}

		for _, row := range []struct {
			name, text string
			want       map[string]string
		}{
			{"none", " ", map[string]string{}},
			{"one", "a=b", map[string]string{"a": "b"}},
			{"several, one with blanks", `a=b "c=d e"  f.g/h='i  j' k="l m"n`, map[string]string{"a": "b", "c": "d e", "f.g/h": "i  j", "k": "l mn"}},
			{"an equals sign in a value", "a=b=c", map[string]string{"a": "b=c"}},
			{"an empty value", `a= b=""`, map[string]string{"a": "", "b": ""}},
			{"what means something to a shell", `a=x?y=1&z=$HOME;|<>(#) b=*`, map[string]string{"a": "x?y=1&z=$HOME;|<>(#)", "b": "*"}},
			{"quotes in quotes", `a="it's" b='"x"' c="\"y\" \\ \d" d=\"z\"\ `, map[string]string{"a": "it's", "b": `"x"`, "c": `"y" \ \d`, "d": `"z" `}},
			{"letters of all sorts", "a=äöü→", map[string]string{"a": "äöü→"}},
			{"the last of two", "a=1 a=2", map[string]string{"a": "2"}},
			{"values as a shell quotes them", `a=1 b='two words' c='it'\''s' d='' e='$x "y" \z' f='x` + "\n" + `y'`, map[string]string{"a": "1", "b": "two words", "c": "it's", "d": "", "e": `$x "y" \z`, "f": "x\ny"}},
			{"lines", "a=1\nb=2", map[string]string{"a": "1", "b": "2"}},
		} {
			it("are those of BP_IMAGE_LABELS: "+row.name, func() {
				env["BP_IMAGE_LABELS"] = row.text
				Expect(labels()).To(Equal(row.want))
			})
		}

		it("are those of the settings for one each", func() {
			want := map[string]string{}
			for _, row := range []struct{ setting, key string }{
				{"AUTHORS", "authors"}, {"CREATED", "created"}, {"DESCRIPTION", "description"}, {"DOCUMENTATION", "documentation"}, {"LICENSES", "licenses"},
				{"REF_NAME", "ref.name"}, {"REVISION", "revision"}, {"SOURCE", "source"}, {"TITLE", "title"}, {"URL", "url"}, {"VENDOR", "vendor"}, {"VERSION", "version"},
			} {
				env["BP_OCI_"+row.setting] = "2026-01-31T12:00:00+01:00"
				want["org.opencontainers.image."+row.key] = "2026-01-31T12:00:00+01:00"
			}
			Expect(labels()).To(Equal(want))
			env["BP_IMAGE_LABELS"] = "org.opencontainers.image.title=other"
			want["org.opencontainers.image.title"] = "other"
			Expect(labels()).To(Equal(want))
		})

		it("are left to the buildpack that is made for them", func() {
			write(t, filepath.Join(layers, "group.toml"), "[[group]]\nid = \"paketo-buildpacks/image-labels\"\nversion = \"1\"\n")
			env["BP_IMAGE_LABELS"] = "a=b"
			Expect(labels()).To(BeEmpty())
		})

		for _, row := range []struct{ name, setting, value, cause string }{
			{"a word without a value", "BP_IMAGE_LABELS", "a=b c", `"c" has no value`},
			{"no key", "BP_IMAGE_LABELS", "=b", `"" is no key`},
			{"a key with blanks", "BP_IMAGE_LABELS", `"a b=c"`, `"a b" is no key`},
			{"an open quote", "BP_IMAGE_LABELS", `a="b`, "a quote in it is not closed"},
			{"an open backslash", "BP_IMAGE_LABELS", `a=b\`, "not closed"},
			{"a label of the lifecycle's", "BP_IMAGE_LABELS", "io.buildpacks.lifecycle.metadata={}", "io.buildpacks.lifecycle.metadata is a label that the lifecycle writes"},
			{"a time that is none", "BP_OCI_CREATED", "yesterday", `BP_OCI_CREATED is "yesterday", want a time`},
		} {
			it("are an error when they cannot be read: "+row.name, func() {
				env[row.setting] = row.value
				_, err := build()
				Expect(err).To(MatchError(&failure.Failure{ID: "setting-invalid"}))
				Expect(err).To(MatchError(ContainSubstring(row.cause)))
			})
		}
	})
}
