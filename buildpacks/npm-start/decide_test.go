package npmstart_test

import (
	"path/filepath"
	"testing"

	"github.com/paketo-buildpacks/packit/v2"

	npmstart "github.com/armature-cnb/armature/buildpacks/npm-start"
	"github.com/armature-cnb/armature/internal/cnb/decisions"
)

func TestHowAnAppStartsIsDecided(t *testing.T) {
	for _, row := range []struct {
		name  string
		files map[string]string
		env   map[string]string
		want  []string // "topic name: decision [setting]"
	}{
		{
			name:  "a start script, which a setting can name",
			files: map[string]string{"package.json": `{"scripts":{"start":"node server.js"}}`, "server.js": ""},
			want:  []string{"process web: node server.js [BP_START_COMMAND=npm run start]"},
		},
		{
			name:  "a start script with hooks",
			files: map[string]string{"package.json": `{"scripts":{"prestart":"true","start":"node server.js"}}`, "server.js": ""},
			want:  []string{"process web: node server.js [BP_START_COMMAND=npm run start]"},
		},
		{
			name:  "a file that reads the port",
			files: map[string]string{"package.json": `{"main":"app.js"}`, "app.js": "listen(process.env.PORT || 3000)"},
			want:  []string{"process web: node app.js [BP_START_COMMAND=node app.js]", "port PORT: 3000 []"},
		},
		{
			name:  "a development server that is passed over, and no setting, with which nothing is",
			files: map[string]string{"package.json": `{"scripts":{"start":"nodemon x.js","start:prod":"node server.js"},"devDependencies":{"nodemon":"3"}}`, "server.js": "process.env.PORT"},
			want:  []string{"process web: node server.js []", "port PORT: 8080 []", "passed-over : "},
		},
		{
			name:  "a framework whose server the build makes, which may be another file then",
			files: map[string]string{"package.json": `{"scripts":{"build":"nuxt build"},"dependencies":{"nuxt":"4"}}`},
			want:  []string{"framework : Nuxt []", "process web: node .output/server/index.mjs []", "port PORT: 3000 []"},
		},
		{
			name:  "a Procfile with two processes",
			files: map[string]string{"package.json": `{}`, "Procfile": "web: node a.js\nworker: node b.js\n", "a.js": "", "b.js": ""},
			want:  []string{"process web: node a.js [BP_START_COMMAND=node a.js]", "process worker: node b.js []"},
		},
		{
			name:  "a health check",
			files: map[string]string{"package.json": `{"scripts":{"start":"node server.js"}}`, "server.js": ""},
			env:   map[string]string{"BP_HEALTH_CHECK_PATH": "/ready"},
			want:  []string{"process web: node server.js [BP_START_COMMAND=npm run start]", "process healthcheck: asks for /ready []"},
		},
		{
			name:  "a health check of no path, which ends the build",
			files: map[string]string{"package.json": `{"scripts":{"start":"node server.js"}}`, "server.js": ""},
			env:   map[string]string{"BP_HEALTH_CHECK_PATH": "ready"},
			want:  []string{"process web: node server.js [BP_START_COMMAND=npm run start]", "asked setting-invalid: "},
		},
		{
			name:  "a script that only builds, which ends the build",
			files: map[string]string{"package.json": `{"scripts":{"start":"tsc"},"devDependencies":{"typescript":"5"}}`},
			want:  []string{"process web: tsc []", "asked start-script-cannot-run: "},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			app := t.TempDir()
			for name, text := range row.files {
				write(t, filepath.Join(app, name), text)
			}
			got := npmstart.Decide(environOf(row.env))(packit.DetectContext{WorkingDir: app})
			if len(got) != len(row.want) {
				t.Fatalf("got %+v, want %q", got, row.want)
			}
			for i, d := range got {
				line := string(d.Topic) + " " + d.Name + ": "
				if d.Topic != decisions.Asked && d.Topic != decisions.PassedOver {
					line += d.Decision + " [" + d.Setting + "]"
				}
				if line != row.want[i] || d.Topic == decisions.Asked && d.Evidence == "" {
					t.Errorf("got %q (%+v), want %q", line, d, row.want[i])
				}
			}
		})
	}
}
