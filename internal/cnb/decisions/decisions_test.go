package decisions_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/paketo-buildpacks/packit/v2"

	"github.com/armature-cnb/armature/internal/cnb/decisions"
	"github.com/armature-cnb/armature/internal/failure"
)

var (
	node    = decisions.Decision{Topic: decisions.Node, Decision: "24.1.0", Evidence: `.nvmrc: "24"`, Setting: "BP_NODE_VERSION=24.1.0"}
	manager = decisions.Decision{Topic: decisions.Manager, Name: "npm", Decision: "that of Node.js", Evidence: "package-lock.json"}
	web     = decisions.Decision{Topic: decisions.Process, Name: "web", Decision: "node server.js", Evidence: "server.js"}
)

// planOf is the lifecycle's plan.toml for buildpacks with build plans.
func planOf(t *testing.T, plans ...packit.BuildPlan) string {
	t.Helper()
	var text strings.Builder
	for _, plan := range plans {
		var encoded bytes.Buffer
		if err := toml.NewEncoder(&encoded).Encode(plan); err != nil {
			t.Fatal(err)
		}
		var read struct {
			Requires []map[string]any `toml:"requires"`
		}
		if _, err := toml.Decode(encoded.String(), &read); err != nil {
			t.Fatal(err)
		}
		encoded.Reset()
		if err := toml.NewEncoder(&encoded).Encode(map[string]any{"entries": []any{map[string]any{"requires": read.Requires}}}); err != nil {
			t.Fatal(err)
		}
		text.WriteString(encoded.String())
	}
	return text.String()
}

func TestAPlatformReadsWhatBuildpacksAdd(t *testing.T) {
	plan := packit.BuildPlan{
		Requires: []packit.BuildPlanRequirement{{Name: "node", Metadata: map[string]any{"decisions": "another's own"}}},
		Or:       []packit.BuildPlan{{Provides: []packit.BuildPlanProvision{{Name: "npm"}}}},
	}
	added := decisions.Add(plan, []decisions.Decision{web, node})
	if len(plan.Requires) != 1 || len(plan.Or[0].Provides) != 1 {
		t.Errorf("the given plan has changed: %+v", plan)
	}
	for _, one := range []packit.BuildPlan{added, added.Or[0]} {
		if last := one.Provides[len(one.Provides)-1]; last.Name != decisions.Entry {
			t.Errorf("it provides %v, want its own entry at the end", one.Provides)
		}
	}
	other := decisions.Add(packit.BuildPlan{}, []decisions.Decision{manager})
	got, err := decisions.Read([]byte(planOf(t, added, other)))
	if want := []decisions.Decision{node, manager, web}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestAPlanWithoutDecisionsStaysAsItIs(t *testing.T) {
	if got := decisions.Add(packit.BuildPlan{}, nil); len(got.Provides)+len(got.Requires) > 0 {
		t.Errorf("got %+v", got)
	}
	got, err := decisions.Read([]byte("[[entries]]\n[[entries.requires]]\nname = \"node\"\n[entries.requires.metadata]\ndecisions = 1\n"))
	if err != nil || len(got) > 0 {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"[", "[[entries]]\n[[entries.requires]]\nname = \"" + decisions.Entry + "\"\n[entries.requires.metadata]\ndecisions = 1\n"} {
		if got, err := decisions.Read([]byte(text)); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func TestOnlyADetectionThatPassesHasDecisions(t *testing.T) {
	refused := errors.New("no")
	for _, err := range []error{nil, refused} {
		called := false
		detect := decisions.With(func(packit.DetectContext) (packit.DetectResult, error) { return packit.DetectResult{}, err }, func(packit.DetectContext) []decisions.Decision {
			called = true
			return []decisions.Decision{web}
		})
		result, got := detect(packit.DetectContext{})
		if got != err || called != (err == nil) || len(result.Plan.Requires) != map[bool]int{true: 1}[called] {
			t.Errorf("%v: got %+v, %v", err, result, got)
		}
	}
}

func TestAnErrorWithAnIDIsAsked(t *testing.T) {
	failed := &failure.Failure{ID: "a-b", Cause: "a", Err: errors.New("b"), Remedy: "do c."}
	got, ok := decisions.Ask(errors.Join(failed))
	if want := (decisions.Decision{Topic: decisions.Asked, Name: "a-b", Decision: "a: b", Evidence: "do c."}); !ok || got != want {
		t.Errorf("got %+v, %v, want %+v", got, ok, want)
	}
	for _, err := range []error{nil, errors.New("x")} {
		if _, ok := decisions.Ask(err); ok {
			t.Errorf("%v is asked", err)
		}
	}
}

func TestALineForEachTopic(t *testing.T) {
	all := []decisions.Decision{node, manager}
	for _, topic := range decisions.Topics()[3:] {
		for range 8 {
			all = append(all, decisions.Decision{Topic: topic, Name: "a", Decision: "b"})
		}
	}
	lines := decisions.Short(all)
	if len(lines) != 10 || lines[0] != "asked for: a, a, a, a, a, a, and 2 more" || lines[1] != `Node.js: 24.1.0 (.nvmrc: "24")` || lines[2] != "package manager: npm, that of Node.js (package-lock.json)" {
		t.Errorf("got %d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	if want := "install scripts: a, a, a, a, a, a, and 2 more"; lines[4] != want {
		t.Errorf("got %q, want %q", lines[4], want)
	}
	for _, topic := range decisions.Topics() {
		if topic.Label() == "" || topic.Label() == string(topic) && topic != decisions.Project && topic != decisions.Framework && topic != decisions.Process && topic != decisions.Port {
			t.Errorf("%s has no words for people", topic)
		}
	}
}
