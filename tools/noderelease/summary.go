package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// summarize prints an update's changes and the resulting counts.
func summarize(w io.Writer, old, now *Lock, notes []string, today time.Time) {
	var added, removed, gained []string
	for _, r := range now.Releases {
		was := old.release(r.Version)
		switch {
		case was == nil:
			added = append(added, r.Version)
		case pins(*was) != pins(r):
			gained = append(gained, r.Version)
		}
	}
	for _, r := range old.Releases {
		if now.release(r.Version) == nil {
			removed = append(removed, r.Version)
		}
	}
	for _, n := range notes {
		fmt.Fprintln(w, "note:", n)
	}
	list(w, "added", added)
	list(w, "other pins", gained)
	list(w, "removed", removed)
	for _, line := range now.Lines {
		if end := line.EndOfLife; end > old.newestDate() && end <= today.Format(time.DateOnly) && len(old.Releases) > 0 {
			fmt.Fprintf(w, "newly end-of-life: line %d (%s)\n", line.Line, end)
		}
	}
	signed, registry := now.count()
	for _, t := range targets.All() {
		fmt.Fprintf(w, "%s: %d versions by OpenPGP, %d by the npm registry\n", t, signed[t.String()], registry[t.String()])
	}
}

func list(w io.Writer, what string, versions []string) {
	if len(versions) == 0 {
		return
	}
	shown := versions
	if len(shown) > 12 {
		shown = append(append([]string{}, shown[:12]...), "…")
	}
	fmt.Fprintf(w, "%s: %d (%s)\n", what, len(versions), strings.Join(shown, ", "))
}

// pins counts the checksums of a release.
func pins(r Release) int {
	n := 0
	for _, a := range r.Archives {
		if a.SHA256 != "" {
			n++
		}
		if a.SHA512 != "" {
			n++
		}
	}
	return n
}

// newestDate returns the last date in the lock. It replaces the day of the last
// update, which the lock does not have.
func (l *Lock) newestDate() string {
	newest := ""
	for _, r := range l.Releases {
		newest = max(newest, r.Date, r.SignedAt)
	}
	return newest
}

// count returns, by target, the number of versions for each kind of
// verification.
func (l *Lock) count() (signed, registry map[string]int) {
	signed, registry = map[string]int{}, map[string]int{}
	for _, r := range l.Releases {
		for _, a := range r.Archives {
			if a.SHA256 != "" {
				signed[a.Target]++
			} else {
				registry[a.Target]++
			}
		}
	}
	return signed, registry
}

// progress shows the progress of a long step, only on a terminal.
type progress struct {
	mu   sync.Mutex
	w    io.Writer // nil when not a terminal
	last time.Time
}

func newProgress(w io.Writer) *progress {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return &progress{w: w}
		}
	}
	return &progress{}
}

func (p *progress) step(verb string, n, of int, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w == nil || n < of && time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	fmt.Fprintf(p.w, "\r\x1b[K%s %d of %d %s", verb, n, of, what)
}

func (p *progress) done() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
