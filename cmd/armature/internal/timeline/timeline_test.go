//go:build linux

package timeline_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/armature-cnb/armature/cmd/armature/internal/timeline"
	"github.com/armature-cnb/armature/platform"
)

const hostile = `</title></style><script>alert(1)</script>" onload="alert(2)' <img src=x onerror=alert(3)> url(http://evil.example)`

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func spans() []platform.Span {
	return []platform.Span{
		{ID: 1, Kind: platform.KindStep, What: "copying the app", End: ms(100)},
		{ID: 2, Kind: platform.KindPhase, What: "building", Platform: "linux/arm64", Begin: ms(100), End: ms(1100)},
		{ID: 3, Parent: 2, Kind: platform.KindBuildpack, What: "B 1.0", Platform: "linux/arm64", Begin: ms(200), End: ms(1000)},
		{ID: 4, Parent: 3, Kind: platform.KindCommand, What: hostile, Platform: "linux/arm64", Begin: ms(300), End: ms(900), Failed: true},
		{ID: 5, Kind: platform.KindPhase, What: "building", Platform: "linux/amd64", Begin: ms(100), End: ms(2000)},
		{ID: 6, Parent: 5, Kind: platform.KindUpload, What: "app", Platform: "linux/amd64", Begin: ms(1900), End: ms(2000), Bytes: 54321000, Reused: true},
	}
}

func write(t *testing.T, b timeline.Build) (string, *html.Node) {
	t.Helper()
	var out bytes.Buffer
	if err := timeline.Write(&out, b); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), root
}

func TestTextOfABuildIsNothingButText(t *testing.T) {
	_, root := write(t, timeline.Build{Name: hostile, Facts: []string{hostile}, Image: hostile, Failed: hostile, Spans: spans()})
	var texts strings.Builder
	for node := range root.Descendants() {
		switch {
		case node.Type == html.TextNode:
			texts.WriteString(node.Data)
			continue
		case node.Type != html.ElementNode:
			continue
		case node.Data == "script" || node.Data == "img" || node.Data == "link" || node.Data == "iframe" || node.Data == "base":
			t.Errorf("there is an element %s", node.Data)
		}
		for _, a := range node.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" || strings.Contains(a.Val, "evil") {
				t.Errorf("there is an attribute %s=%q", a.Key, a.Val)
			}
		}
	}
	if n := strings.Count(texts.String(), "<script>alert(1)</script>"); n < 5 {
		t.Errorf("the text is there %d times, want it wherever it belongs", n)
	}
}

func TestThePageNeedsNothingElse(t *testing.T) {
	text, _ := write(t, timeline.Build{Name: "app", Spans: append(spans()[:3], spans()[4:]...)})
	for _, part := range []string{"http:", "https:", "@import", "url(", "<script", "src="} {
		if strings.Contains(text, part) {
			t.Errorf("%s is in it", part)
		}
	}
	if !strings.Contains(text, `default-src 'none'`) || strings.Contains(text, "ZgotmplZ") {
		t.Errorf("got\n%s", text)
	}
}

func TestEverySpanIsABarWithTextAndARow(t *testing.T) {
	text, _ := write(t, timeline.Build{Name: "app", Spans: spans()})
	if bars, rows := strings.Count(text, `class="bar"`), strings.Count(text, "<tr><td"); bars != 6 || rows != 6 {
		t.Errorf("got %d bars and %d rows, want 6 of each", bars, rows)
	}
	for _, want := range []string{
		`<h2 id="lane-0">Timeline</h2>`, `<h2 id="lane-1">linux/arm64</h2>`, `<h2 id="lane-2">linux/amd64</h2>`,
		`--d: 1; --l: 10.000%; --w: 40.000%`, // 3
		`--d: 2; --l: 15.000%; --w: 30.000%`, // 4
		`--d: 1; --l: 95.000%; --w: 5.000%`,  // 6
		"54.3 MB", "there already", "<small>failed</small>", "2.00 s", "600 ms",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	// The own time of building for amd64 was 1.8 s, and that of B beside its
	// command 0.2 s.
	longest := regexp.MustCompile(`(?s)<ol class="longest">(.*?)</ol>`).FindStringSubmatch(text)
	took := regexp.MustCompile(`class="took">([^<]+)<`).FindAllStringSubmatch(longest[1], -1)
	var order []string
	for _, t := range took {
		order = append(order, t[1])
	}
	if got, want := strings.Join(order, ", "), "1.80 s, 600 ms, 200 ms, 200 ms, 100 ms"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestABuildWithoutSpansIsAPage(t *testing.T) {
	if text, _ := write(t, timeline.Build{Name: "app", Failed: "[no-builder] x"}); !strings.Contains(text, "No image: [no-builder] x") {
		t.Errorf("got\n%s", text)
	}
}

func TestTheTableHasWhatTakesPart(t *testing.T) {
	var out bytes.Buffer
	if err := timeline.Table(&out, spans()); err != nil {
		t.Fatal(err)
	}
	want := "      0.1 s  copying the app\n      1.0 s  linux/arm64 building\n      0.8 s  linux/arm64   B 1.0\n      1.9 s  linux/amd64 building\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}

func TestPartsThatOverlapCountOnce(t *testing.T) {
	text, _ := write(t, timeline.Build{Name: "app", Spans: []platform.Span{
		{ID: 1, Kind: platform.KindTask, What: "both", End: ms(1000)},
		{ID: 2, Parent: 1, Kind: platform.KindUpload, What: "long", End: ms(800)},
		{ID: 3, Parent: 1, Kind: platform.KindUpload, What: "short", Begin: ms(100), End: ms(300)},
	}})
	if want := `both <small class="soft">task</small></span><span class="took">200 ms<`; !strings.Contains(strings.ReplaceAll(text, "<wbr>", ""), want) {
		t.Errorf("%q is not in\n%s", want, text)
	}
}
