package npmstart_test

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

// pm2 writes into its home, and the files of an image may be read-only.
func TestPM2HasAHomeToWriteInto(t *testing.T) {
	for command, want := range map[string]string{"pm2 start ecosystem.config.json --no-daemon": "/tmp/.pm2", "A=1 pm2-runtime a.js": "/tmp/.pm2", "node a.js": ""} {
		t.Run(command, func(t *testing.T) {
			f := newFixture(t)
			f.packageJSON(`{"dependencies":{"pm2":"6"},"scripts":{"start":"` + command + `"}}`)
			write(t, filepath.Join(f.app, "a.js"), "")
			f.processes()
			got, err := os.ReadFile(filepath.Join(f.layers, "environment", "env.launch", "PM2_HOME.default"))
			if want == "" {
				f.Expect(err).To(MatchError(os.ErrNotExist))
				return
			}
			f.Expect(err).NotTo(HaveOccurred())
			f.Expect(string(got)).To(Equal(want))
		})
	}
}
