//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/cmd/armature/internal/report"
	"github.com/armature-cnb/armature/platform"
)

// planFlags are the flags of plan and init: those of build that say what is built.
type planFlags struct {
	buildFlags
	format string
}

func newPlanFlags(name string) *planFlags {
	return &planFlags{buildFlags: buildFlags{name: name, compression: string(platform.Fast), limits: platform.DefaultLimits()}}
}

func planCommand(p *program) *cobra.Command {
	f := newPlanFlags("plan")
	c := newCommand("plan [PATH]", "says what a build is going to do", longHelp("plan"), 1, func(ctx context.Context, args []string) error {
		return f.plan(ctx, p, args)
	})
	f.addInputs(c)
	f.addPlatform(c)
	c.Flags().StringVar(&f.format, "format", "text", "`FORMAT`: text or json")
	choices(c, "format", "text", "json")
	return c
}

// addPlatform adds --platform: a plan is for one.
func (f *planFlags) addPlatform(c *cobra.Command) {
	c.Flags().StringVar(&f.platform, "platform", "linux/arm64", "where the image is to run, as `OS/ARCH`: linux/arm64 or linux/amd64")
	choices(c, "platform", "linux/arm64", "linux/amd64")
}

func (f *planFlags) plan(ctx context.Context, p *program, args []string) error {
	if f.format != "text" && f.format != "json" {
		return &usageError{fmt.Sprintf("plan: --format is %q, want text or json", f.format)}
	}
	plan, err := f.ask(ctx, p, args)
	if err != nil {
		return err
	}
	if f.format == "json" {
		err = printPlanJSON(p.stdout, plan)
	} else {
		err = printPlan(p.stdout, plan)
	}
	if err != nil {
		return err
	}
	return plan.Asked()
}

// ask makes the plan. Of what happens on the way it shows what a failed detection
// has printed.
func (f *planFlags) ask(ctx context.Context, p *program, args []string) (plan platform.AppPlan, err error) {
	r, err := f.request(p, args)
	if err != nil {
		return plan, err
	}
	if len(r.Targets) != 1 {
		return plan, &usageError{fmt.Sprintf("%s: --platform is %q, want one platform", f.name, f.platform)}
	}
	shown := report.New(p.stderr, report.Quiet, p.getenv)
	defer shown.Close()
	r.Progress = shown
	return platform.Plan(ctx, r)
}

func printPlanJSON(out io.Writer, plan platform.AppPlan) error {
	text, err := json.MarshalIndent(plan, "", "  ")
	if err != nil {
		return err
	}
	return printEscaped(out, string(text))
}

// printPlan prints a table of topics and decisions.
func printPlan(out io.Writer, plan platform.AppPlan) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "platform\t%s\n", plan.Target)
	for at, d := range plan.Decisions {
		label := d.Topic.Label()
		if at > 0 && plan.Decisions[at-1].Topic == d.Topic {
			label = ""
		}
		fmt.Fprintf(w, "%s\t%s\n", label, plain(strings.Join(strings.Fields(d.String()), " ")))
	}
	return w.Flush()
}
