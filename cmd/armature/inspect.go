//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"github.com/armature-cnb/armature/platform"
)

// inspectFlags are the flags of inspect.
type inspectFlags struct {
	platform, format, cacheDir string
	insecure                   hosts
}

func inspectCommand(p *program) *cobra.Command {
	f := &inspectFlags{}
	c := newCommand("inspect IMAGE", "says what is in an image", longHelp("inspect"), 1, func(ctx context.Context, args []string) error {
		return f.inspect(ctx, p, args)
	})
	set := c.Flags()
	set.StringVar(&f.platform, "platform", "", "only this one of the image's platforms (`OS/ARCH`)")
	set.StringVar(&f.format, "format", "text", "`FORMAT`: text or json")
	set.StringVar(&f.cacheDir, "cache-dir", "", "armature's own `FOLDER`, as in build")
	set.Var(&f.insecure, "insecure-registry", insecureHelp)
	choices(c, "platform", "linux/arm64", "linux/amd64")
	choices(c, "format", "text", "json")
	return c
}

func (f *inspectFlags) inspect(ctx context.Context, p *program, args []string) error {
	if len(args) == 0 {
		return &usageError{"inspect: IMAGE is missing"}
	}
	if f.format != "text" && f.format != "json" {
		return &usageError{fmt.Sprintf("inspect: --format is %q, want text or json", f.format)}
	}
	r := platform.InspectRequest{Image: args[0], Home: f.cacheDir, Registries: platform.Registries{Insecure: f.insecure}, Getenv: p.getenv}
	if f.platform != "" {
		var err error
		if r.Target, err = parseTarget("--platform", f.platform); err != nil {
			return err
		}
	}
	found, err := platform.Inspect(ctx, r)
	if err != nil {
		return err
	}
	if f.format == "json" {
		return printJSON(p.stdout, found)
	}
	return printImages(p.stdout, found)
}

// printJSON escapes all control characters that a terminal would act upon.
func printJSON(out io.Writer, found []*platform.ImageDescription) error {
	text, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return err
	}
	return printEscaped(out, string(text))
}

// printEscaped prints lines of JSON.
func printEscaped(out io.Writer, text string) error {
	for _, line := range strings.Split(text, "\n") {
		if _, err := fmt.Fprintln(out, escaped(line, func(r rune) string {
			var units strings.Builder
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&units, "\\u%04x", unit)
			}
			return units.String()
		})); err != nil {
			return err
		}
	}
	return nil
}

// plain puts a text from an image on one line, with Go escapes for invisible
// characters.
func plain(text string) string {
	return escaped(text, func(r rune) string { return strings.Trim(strconv.QuoteRune(r), "'") })
}

// escaped replaces everything but spaces and visible characters: a malicious image
// could send control sequences to the terminal.
func escaped(text string, escape func(rune) string) string {
	var safe strings.Builder
	for _, r := range text {
		if strconv.IsPrint(r) {
			safe.WriteRune(r)
		} else {
			safe.WriteString(escape(r))
		}
	}
	return safe.String()
}

func printImages(out io.Writer, found []*platform.ImageDescription) error {
	for at, image := range found {
		if at > 0 {
			fmt.Fprintln(out)
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "platform\t%s\n", plain(image.Platform))
		fmt.Fprintf(w, "digest\t%s\n", plain(image.Digest))
		fmt.Fprintf(w, "size\t%s, compressed\n", megabytes(image.Size))
		fmt.Fprintf(w, "Node.js\t%s\n", plain(image.Node))
		fmt.Fprintf(w, "run image\t%s\n", plain(image.RunImage))
		fmt.Fprintf(w, "user\t%s\n", plain(image.User))
		for _, process := range image.Processes {
			name := process.Type
			if process.Default {
				name += " (default)"
			}
			fmt.Fprintf(w, "process\t%s: %s\n", plain(name), plain(strings.Join(process.Command, " ")))
		}
		for _, layer := range image.Layers {
			fmt.Fprintf(w, "layer\t%s  %s\n", megabytes(layer.Size), plain(layer.Owner))
		}
		for _, bill := range image.SBOM {
			fmt.Fprintf(w, "components\t%d of %s\n", bill.Components, plain(bill.Owner))
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
