package report

import (
	"bytes"
	"encoding/xml"
	"fmt"

	"github.com/armature-cnb/armature/tools/bench/internal/figures"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// Sizes of the plot, in pixels.
const (
	plotWidth  = 800
	labelWidth = 260 // left of the bars
	valueWidth = 130 // right of the longest bar
	barHeight  = 18
	barGap     = 4
	groupGap   = 34 // with the group's title in it
	margin     = 12
)

// style has colours for light and dark mode that colour-blind people can
// distinguish: armature's are darker, and the floor is only an outline.
const style = `
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.ours { fill: #0969da; stroke: #0969da; }
.slow { fill: #54aeff; stroke: #0969da; }
.other { fill: #d0d7de; stroke: #6e7781; }
.floor { fill: none; stroke: #1a7f37; stroke-width: 1.5; }
.spread { stroke: #1f2328; stroke-width: 1.5; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .ours { fill: #58a6ff; stroke: #58a6ff; }
  .slow { fill: #1f4f8f; stroke: #58a6ff; }
  .other { fill: #3d444d; stroke: #9198a1; }
  .floor { stroke: #3fb950; }
  .spread { stroke: #e6edf3; }
}
`

// classes are the ways' kinds of bar.
var classes = map[string]string{"cross": "ours", "native": "ours", "single": "ours", "emulated": "slow", "floor": "floor"}

// plot draws a run's builds: a group of bars, with its own scale, for every
// scenario that is measured in seconds and has several ways.
func plot(run history.Run) []byte {
	var body bytes.Buffer
	y := margin
	for _, s := range subjects {
		var bars []history.Result
		for _, one := range run.Results {
			if one.Scenario == s.scenario && one.Unit == history.Seconds && len(one.Samples) > 0 {
				bars = append(bars, one)
			}
		}
		if len(bars) > 1 {
			y = group(&body, y, s.title, bars)
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="Seconds of each kind of build, in each way">`+"\n<style>%s</style>\n", plotWidth, y+margin, plotWidth, y+margin, style)
	out.Write(body.Bytes())
	out.WriteString("</svg>\n")
	return out.Bytes()
}

// group draws the bars of a scenario below y and returns where they end.
func group(out *bytes.Buffer, y int, heading string, bars []history.Result) int {
	longest := 0.0
	for _, one := range bars {
		_, most := figures.Spread(one.Samples)
		longest = max(longest, most)
	}
	scale := float64(plotWidth-labelWidth-valueWidth-margin) / longest
	at := func(value float64) float64 { return labelWidth + value*scale }
	y += groupGap - 14
	label(out, "title", "start", margin, y, heading)
	y += 10
	for _, one := range bars {
		class := classes[one.Way]
		if class == "" {
			class = "other"
		}
		value := figures.Median(one.Samples)
		least, most := figures.Spread(one.Samples)
		middle := float64(y) + barHeight/2.0
		label(out, "", "end", labelWidth-8, y+barHeight-5, title(one.Way))
		fmt.Fprintf(out, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/>`+"\n", class, labelWidth, y, value*scale, barHeight)
		if len(one.Samples) > 1 {
			fmt.Fprintf(out, `<path class="spread" d="M%.1f %.1fH%.1fM%.1f %.1fv6M%.1f %.1fv6"/>`+"\n", at(least), middle, at(most), at(least), middle-3, at(most), middle-3)
		}
		label(out, "", "start", int(at(most))+8, y+barHeight-5, one.Unit.Text(value))
		y += barHeight + barGap
	}
	return y
}

func label(out *bytes.Buffer, class, anchor string, x, y int, text string) {
	fmt.Fprintf(out, `<text class="%s" text-anchor="%s" x="%d" y="%d">`, class, anchor, x, y)
	xml.EscapeText(out, []byte(text))
	out.WriteString("</text>\n")
}
