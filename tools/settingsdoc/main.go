// Command settingsdoc writes docs/settings.md: every setting and every service
// binding that the buildpacks declare in metadata.configurations and
// metadata.bindings of their buildpack.toml.
//
//	settingsdoc -buildpacks buildpacks -out docs/settings.md
package main

//go:generate go run . -buildpacks ../../buildpacks -out ../../docs/settings.md

import (
	"context"
	"errors"
	"flag"
	"io"

	"github.com/armature-cnb/armature/internal/files/wholefile"
	"github.com/armature-cnb/armature/tools/internal/step"
)

func main() { step.Main("settingsdoc", run) }

func run(_ context.Context, args []string, _ io.Writer) error {
	flags := flag.NewFlagSet("settingsdoc", flag.ContinueOnError)
	buildpacks := flags.String("buildpacks", "", "folder of the buildpacks' sources")
	out := flags.String("out", "", "file to write")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *buildpacks == "" || *out == "" {
		return errors.New("want both -buildpacks and -out")
	}
	text, err := render(*buildpacks)
	if err != nil {
		return err
	}
	return wholefile.WriteBytes(*out, text)
}
