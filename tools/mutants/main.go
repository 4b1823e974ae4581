// Command mutants tests the tests: it makes one small change to a package at a
// time, runs the package's tests, and prints the changes that no test noticed.
//
//	go run ./tools/mutants [-seed N] [-sample 300] [-for 20m] [-jobs 2] PACKAGE|FILE...
//
// For a FILE it changes only that file of its package.
//
// It shuffles all changes of all packages by the seed, which it prints, and
// tries the first that compile, up to the sample's size. It does not write to
// the tree: go's -overlay replaces files, also for programs that tests build. For
// each change it compiles the tests once, and runs the quick ones before the
// others. Either run times out after three times the unchanged duration plus five
// seconds. As root, changed sandbox code could do harm, so such tests run in
// their own namespaces, and can write only to a temporary folder and Go's cache
// (confine).
//
// It leaves out only what no test can notice in principle: the capacity of a slice
// or channel, the values that a function returns beside an error that is not nil,
// and the difference of < and <= for the time since an event. The number of a
// product with a unit of time is doubled, a negative one loses its sign, which is
// what mostly counts (-1 for all, or for none), and any other one is made larger by 1.
//
// It exits with 1 if the tests noticed fewer than -want percent, or if the time
// was over before the sample was complete.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"sync"
	"time"
)

func main() {
	confined()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

type options struct {
	seed     uint64
	sample   int           // how many are tried
	time     time.Duration // for all of them
	jobs     int           // how many at once
	want     int           // percent that tests must notice
	packages []string      // folders, as go names packages: ./internal/download/checksum; or a file of one
}

func run(ctx context.Context, args []string, out io.Writer) (bool, error) {
	var o options
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "what the order follows from")
	flags.IntVar(&o.sample, "sample", 300, "how many changes are tried")
	flags.DurationVar(&o.time, "for", 20*time.Minute, "how long at most")
	flags.IntVar(&o.jobs, "jobs", 2, "how many at once")
	flags.IntVar(&o.want, "want", 0, "the percentage that must be noticed")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	if o.packages = flags.Args(); len(o.packages) == 0 {
		return false, fmt.Errorf("no package is named: want folders or files, for example ./internal/download/checksum")
	}
	return o.run(ctx, out)
}

func (o options) run(ctx context.Context, out io.Writer) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, o.time)
	defer cancel()
	var all []mutant
	suites := map[string]*suite{}
	for _, name := range o.packages {
		folder := folderOf(name)
		tests, took, err := suiteOf(ctx, folder)
		if err != nil {
			return false, err
		}
		suites[folder] = tests
		found, err := mutantsOf(name)
		if err != nil {
			return false, err
		}
		all = append(all, found...)
		fmt.Fprintf(out, "%-44s %5d changes, tests in %.1f s\n", name, len(found), took.Seconds())
	}
	fmt.Fprintf(out, "seed %d: %d of %d changes are tried\n", o.seed, min(o.sample, len(all)), len(all))
	rand.New(rand.NewPCG(o.seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	t := o.try(ctx, all, suites, out)
	return t.report(out, min(o.sample, len(all)), o.want), nil
}

// tally counts the outcomes.
type tally struct {
	mu       sync.Mutex
	tried    int // those that compile
	noticed  int
	slow     int // noticed by a timeout
	broken   int // those that do not compile
	survived []mutant
	failed   error
}

// try tries changes in order until the sample is complete.
func (o options) try(ctx context.Context, all []mutant, suites map[string]*suite, out io.Writer) *tally {
	t := &tally{}
	next := make(chan mutant)
	var workers sync.WaitGroup
	for range o.jobs {
		workers.Go(func() {
			for m := range next {
				t.take(ctx, m, suites[m.folder], o.sample, out)
			}
		})
	}
	for _, m := range all {
		if ctx.Err() != nil || t.full(o.sample) {
			break
		}
		next <- m
	}
	close(next)
	workers.Wait()
	return t
}

func (t *tally) full(sample int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tried >= sample || t.failed != nil
}

func (t *tally) take(ctx context.Context, m mutant, tests *suite, sample int, out io.Writer) {
	verdict, err := m.try(ctx, tests)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil || ctx.Err() != nil {
		if ctx.Err() == nil {
			t.failed = err
		}
		return
	}
	if verdict == doesNotCompile {
		t.broken++
		return
	}
	if t.tried >= sample {
		return
	}
	t.tried++
	switch verdict {
	case noticed:
		t.noticed++
	case tookTooLong:
		t.noticed++
		t.slow++
	case unnoticed:
		t.survived = append(t.survived, m)
		fmt.Fprintln(out, m)
	}
}

func (t *tally) report(out io.Writer, sample, want int) bool {
	if t.failed != nil {
		fmt.Fprintln(out, "mutants:", t.failed)
		return false
	}
	percent := 0.0
	if t.tried > 0 {
		percent = 100 * float64(t.noticed) / float64(t.tried)
	}
	fmt.Fprintf(out, "%d of %d noticed (%.1f %%), %d of these by tests that did not end; %d more do not compile\n", t.noticed, t.tried, percent, t.slow, t.broken)
	if t.tried < sample-t.broken {
		fmt.Fprintf(out, "the time was over before all %d were tried\n", sample)
		return false
	}
	return percent >= float64(want)
}
