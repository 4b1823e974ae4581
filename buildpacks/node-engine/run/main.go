// Command run is bin/detect and bin/build of armature/node-engine; the name it
// is called by selects which.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/paketo-buildpacks/packit/v2"
	"github.com/paketo-buildpacks/packit/v2/scribe"
	"github.com/paketo-buildpacks/packit/v2/servicebindings"

	nodeengine "github.com/armature-cnb/armature/buildpacks/node-engine"
	"github.com/armature-cnb/armature/internal/cnb/exit"
	"github.com/armature-cnb/armature/internal/cnb/settings"
	"github.com/armature-cnb/armature/internal/cnb/targets"
)

func main() {
	host, err := targets.Host()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	logger := scribe.NewEmitter(os.Stdout).WithLevel(os.Getenv("BP_LOG_LEVEL"))
	builder := nodeengine.Builder{
		Context:  ctx,
		Environ:  os.Environ(),
		Bindings: servicebindings.NewResolver(),
		Host:     host,
		Now:      time.Now(),
		Logger:   logger,
	}
	packit.Run(nodeengine.Detect(os.Getenv, logger), settings.WarningOfTypos(builder.Build, builder.Environ, logger.Process), packit.WithExitHandler(exit.New()))
}
