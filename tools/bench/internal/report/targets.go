package report

import (
	"fmt"
	"strings"

	"github.com/armature-cnb/armature/tools/bench/internal/figures"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// target is a target figure. The document shows it next to the result; missing
// it fails nothing.
type target struct {
	what string
	want string
	got  func(*history.Run) (text string, met, measured bool)
	why  string // the reason if it is not met
}

// targets returns all targets in the document's order.
func targets() []target {
	return []target{
		atMost("Cold build for the host's architecture", "cold", "native", 7),
		atMost("Cold build for the other architecture", "cold", "cross", 7),
		ratio("The same, beside the one for the host's", "cold/cross", "cold/native", 1.15),
		ratio("The same, beside the Dockerfile's, emulated", "cold/cross", "cold/dockerfile", 0.25),
		ratio("The same, beside armature's own, emulated", "cold/cross", "cold/emulated", 0.25),
		ratio("The same, beside the floor", "cold/cross", "cold/floor", 8),
		atMost("Rebuild after a change of one source line", "rebuild-source", "cross", 2.5),
		ratio("The same, beside the cold build", "rebuild-source/cross", "cold/cross", 0.2).because(rebuilds),
		atMost("Rebuild with nothing changed", "rebuild", "cross", 2),
		ratio("Cold build for both architectures, beside one for one of them", "both/cross", "both/single", 1.3),
		largeTarget(),
		ratio("Install of the Express app's packages, beside npm ci", "install/installer", "install/npm", 0.1),
		ratio("The same, beside bun", "install/installer", "install/bun", 1),
		ratio("Install of the large app's packages, beside npm ci", "install-large/installer", "install-large/npm", 0.2),
		ratio("The same, beside bun", "install-large/installer", "install-large/bun", 1),
		ratio("Cold build with pnpm for the host's, beside the Dockerfile's", "pnpm/native", "pnpm/dockerfile-native", 0.5),
		ratio("The same with Yarn 1", "yarn1/native", "yarn1/dockerfile-native", 0.5),
		ratio("The same with Yarn 4", "yarn4/native", "yarn4/dockerfile-native", 0.5),
		ratio("The same with Bun", "bun/native", "bun/dockerfile-native", 1),
		startTarget().because(starting),
		pushTarget(),
		atMost("Image, compressed, on the run image", "size", "cross", 62e6),
		atMost("The same with --compression small", "size", "small", 62e6),
		atMost("Image, on the tiny run image", "size", "tiny", 56e6).because(levels),
		atMost("The same with --compression small", "size", "small-tiny", 56e6),
		atMost("Image, above the run image", "size-above-base", "cross", 50e6).because(levels),
		atMost("The same with --compression small", "size-above-base", "small", 50e6),
	}
}

// The reasons for targets that are not met.
const (
	levels   = "the lifecycle compresses with gzip's fastest level, on which the digest that pack gives the image depends; bin/node alone takes 52 MB then"
	starting = "three programs start one after the other before Node.js: the lifecycle's launcher, which alone takes about half of it, one helper and the supervisor, 2 to 3 ms each"
	rebuilds = "the cold build became faster than the rebuild could: of the rebuild, most is starting the lifecycle's and the buildpacks' programs one after the other and reading what has not changed, see below where the time goes"
)

// because returns the target with the reason why it is not met.
func (t target) because(why string) target {
	t.why = why
	return t
}

// atMost limits a way's median, in its unit.
func atMost(what, scenario, way string, limit float64) target {
	unit := history.Seconds
	if strings.HasPrefix(scenario, "size") {
		unit = history.Bytes
	}
	return target{what: what, want: "≤ " + unit.Text(limit), got: func(run *history.Run) (string, bool, bool) {
		one, ok := run.Find(scenario, way)
		value := figures.Median(one.Samples)
		return unit.Text(value), value <= limit, ok
	}}
}

// ratio limits a median to limit times another's. Both are named scenario/way.
func ratio(what, a, b string, limit float64) target {
	find := func(run *history.Run, name string) []float64 {
		scenario, way, _ := strings.Cut(name, "/")
		one, _ := run.Find(scenario, way)
		return one.Samples
	}
	return target{what: what, want: fmt.Sprintf("≤ %.2f ×", limit), got: func(run *history.Run) (string, bool, bool) {
		value, ok := figures.Ratio(find(run, a), find(run, b))
		return fmt.Sprintf("%.2f ×", value), value <= limit, ok
	}}
}

// part is the value of a result's part.
func part(one history.Result, name string) float64 {
	for _, p := range one.Parts {
		if p.Name == name {
			return p.Value
		}
	}
	return 0
}

// largeTarget limits a large app's build to little more than its npm and
// compression times.
func largeTarget() target {
	return target{what: "Cold build of the large app, beside npm ci and compressing", want: "≤ 1.3 × npm ci + compressing", got: func(run *history.Run) (string, bool, bool) {
		built, ok := run.Find("large", "cross")
		least, measured := run.Find("large", "floor")
		value, limit := figures.Median(built.Samples), 1.3*part(least, "npm ci")+part(least, "hashing and compressing")
		return fmt.Sprintf("%s of %s", history.Seconds.Text(value), history.Seconds.Text(limit)), value <= limit, ok && measured
	}}
}

// startTarget requires the image to start nearly as fast as Node.js alone.
func startTarget() target {
	const limit = 0.010
	return target{what: "Start of the image to its first answer, over Node.js alone", want: "≤ 10 ms more", got: func(run *history.Run) (string, bool, bool) {
		image, ok := run.Find("start", "native")
		plain, measured := run.Find("start", "node")
		value := figures.Median(image.Samples) - figures.Median(plain.Samples)
		return fmt.Sprintf("%.1f ms more", value*1e3), value <= limit, ok && measured
	}}
}

// pushTarget limits a push after a source change to one layer, the
// configuration and the manifest.
func pushTarget() target {
	return target{what: "Pushed after a change of one source line", want: "≤ app layer, configuration and manifest", got: func(run *history.Run) (string, bool, bool) {
		one, ok := run.Find("pushed-source", "cross")
		limit, layers := 0.0, 0
		for _, p := range one.Parts {
			limit += p.Value
			if p.Name == ChangedLayer {
				layers++
			}
		}
		value := figures.Median(one.Samples)
		return fmt.Sprintf("%s of %s, %d layer", one.Unit.Text(value), one.Unit.Text(limit), layers), value <= limit && layers <= 1, ok
	}}
}

// ChangedLayer names the parts of a push that are layers the previous image did
// not have.
const ChangedLayer = "changed layer"
