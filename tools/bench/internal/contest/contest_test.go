package contest_test

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/armature-cnb/armature/tools/bench/internal/contest"
	"github.com/armature-cnb/armature/tools/bench/internal/history"
)

// counting is a way whose samples are 1, 2, 3, ... and which notes its turns.
func counting(name string, rounds int, turns *[]string) contest.Way {
	n := 0.0
	return contest.Way{Name: name, Rounds: rounds, Measure: func(context.Context) (contest.Sample, error) {
		n++
		*turns = append(*turns, name)
		return contest.Sample{Value: n, Parts: []history.Part{{Name: "half", Value: n / 2}}}, nil
	}}
}

func TestWaysTakeTurns(t *testing.T) {
	var turns []string
	results, err := contest.Run(t.Context(), io.Discard, contest.Scenario{Name: "s", Unit: history.Seconds, Ways: []contest.Way{
		counting("a", 3, &turns), counting("slow", 1, &turns), counting("b", 3, &turns),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(turns, " "), "a slow b a b a b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := history.Result{Scenario: "s", Way: "a", Unit: history.Seconds, Samples: []float64{1, 2, 3}, Parts: []history.Part{{Name: "half", Value: 1}}}
	if !reflect.DeepEqual(results[0], want) {
		t.Errorf("got %+v\nwant %+v", results[0], want)
	}
	if got := results[1].Samples; len(got) != 1 {
		t.Errorf("the slow way: got %v, want one sample", got)
	}
}

func TestAWayThatFailsSaysWhyAndTheOthersGoOn(t *testing.T) {
	var turns []string
	fails := contest.Way{Name: "fails", Rounds: 2, Measure: func(context.Context) (contest.Sample, error) {
		turns = append(turns, "fails")
		return contest.Sample{}, errors.New("no engine answers")
	}}
	results, err := contest.Run(t.Context(), io.Discard, contest.Scenario{Ways: []contest.Way{fails, counting("b", 2, &turns)}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(turns, " "), "fails b b"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if results[0].Failed != "no engine answers" || len(results[1].Samples) != 2 {
		t.Errorf("got %+v", results)
	}
}

func TestPreparingIsNotMeasured(t *testing.T) {
	var turns []string
	way := counting("a", 2, &turns)
	way.Prepare = func(context.Context) error { turns = append(turns, "prepare"); return nil }
	if _, err := contest.Run(t.Context(), io.Discard, contest.Scenario{Ways: []contest.Way{way}}); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(turns, " "), "prepare a prepare a"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	way.Prepare = func(context.Context) error { return errors.New("no base") }
	results, err := contest.Run(t.Context(), io.Discard, contest.Scenario{Ways: []contest.Way{way}})
	if err != nil || results[0].Failed != "preparing: no base" || len(results[0].Samples) != 0 {
		t.Errorf("got %+v, %v", results, err)
	}
}

func TestAnInterruptEndsTheContest(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	way := contest.Way{Name: "a", Rounds: 2, Measure: func(context.Context) (contest.Sample, error) {
		stop()
		return contest.Sample{}, ctx.Err()
	}}
	if _, err := contest.Run(ctx, io.Discard, contest.Scenario{Ways: []contest.Way{way}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
