package npminstall_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/armature-cnb/armature/internal/cnb/spans"
)

func TestAPlatformThatAsksIsToldWhatTookHowLong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.withLock(files{"package.json": `{"name": "app", "version": "1.0.0", "dependencies": {"hello": "1.0.0"}}`})
	told := func() (names []string) {
		for line := range strings.Lines(f.log.String()) {
			if span, ok := spans.Parse(strings.TrimSuffix(line, "\n")); ok {
				names = append(names, span.What)
			}
		}
		return names
	}
	f.built(wants(map[string]any{"launch": true}))
	f.Expect(told()).To(BeEmpty())
	f.Expect(os.WriteFile(filepath.Join(f.platform, spans.File), nil, 0o644)).To(Succeed())
	f.Expect(os.RemoveAll(f.layersDir)).To(Succeed())
	f.Expect(os.RemoveAll(filepath.Join(f.app, "node_modules"))).To(Succeed())
	f.Expect(os.MkdirAll(f.layersDir, 0o755)).To(Succeed())
	f.built(wants(map[string]any{"launch": true}))
	f.Expect(told()).To(Equal([]string{
		"putting modules into the layer launch-modules", "checking native files", "writing the bill of materials of launch-modules", "packing npm's cache",
	}))
}
