// Package contest measures several ways to do the same work alternately, so
// that other load on the machine and network affects all of them equally.
package contest

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/armature-cnb/armature/tools/bench/internal/figures"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// Scenario is a piece of work and the ways to do it.
type Scenario struct {
	Name string
	Unit history.Unit
	Ways []Way
}

// Way is one way to do the work.
type Way struct {
	Name    string
	Rounds  int                                   // how often it is measured
	Prepare func(context.Context) error           // before each round, not measured; may be nil
	Measure func(context.Context) (Sample, error) // once
}

// Sample is one measurement.
type Sample struct {
	Value float64        // in the scenario's unit
	Parts []history.Part // what it consists of, in order
}

// Clock measures the seconds that do takes.
func Clock(do func() ([]history.Part, error)) (Sample, error) {
	start := time.Now()
	parts, err := do()
	return Sample{Value: time.Since(start).Seconds(), Parts: parts}, err
}

// Run goes through the rounds: every way once, then every way that has another
// round, and so on. A failed way has its error in the result and no further
// rounds; Run itself fails only if ctx ends.
func Run(ctx context.Context, log io.Writer, s Scenario) ([]history.Result, error) {
	taken := make([][]Sample, len(s.Ways))
	results := make([]history.Result, len(s.Ways))
	for i, way := range s.Ways {
		results[i] = history.Result{Scenario: s.Name, Way: way.Name, Unit: s.Unit}
	}
	for round := range most(s.Ways) {
		for i, way := range s.Ways {
			if round >= way.Rounds || results[i].Failed != "" {
				continue
			}
			sample, err := once(ctx, way)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				results[i].Failed = err.Error()
				fmt.Fprintf(log, "  %s, %s, round %d of %d: failed: %s\n", s.Name, way.Name, round+1, way.Rounds, err)
				continue
			}
			taken[i] = append(taken[i], sample)
			fmt.Fprintf(log, "  %s, %s, round %d of %d: %s\n", s.Name, way.Name, round+1, way.Rounds, s.Unit.Text(sample.Value))
		}
	}
	for i, samples := range taken {
		for _, sample := range samples {
			results[i].Samples = append(results[i].Samples, sample.Value)
		}
		results[i].Parts = medians(samples)
	}
	return results, nil
}

func most(ways []Way) int {
	rounds := 0
	for _, way := range ways {
		rounds = max(rounds, way.Rounds)
	}
	return rounds
}

func once(ctx context.Context, way Way) (Sample, error) {
	if way.Prepare != nil {
		if err := way.Prepare(ctx); err != nil {
			return Sample{}, fmt.Errorf("preparing: %w", err)
		}
	}
	return way.Measure(ctx)
}

// medians returns the median of each part over all samples that have it, in
// order of first occurrence.
func medians(samples []Sample) []history.Part {
	var names []string
	values := map[string][]float64{}
	for _, sample := range samples {
		for _, part := range sample.Parts {
			if !slices.Contains(names, part.Name) {
				names = append(names, part.Name)
			}
			values[part.Name] = append(values[part.Name], part.Value)
		}
	}
	var parts []history.Part
	for _, name := range names {
		parts = append(parts, history.Part{Name: name, Value: figures.Median(values[name])})
	}
	return parts
}
