package main

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/program"
)

// prelude has the functions that the scripts of apps.toml call.
//
//go:embed prelude.sh
var prelude string

// makeTime is how long the making of an app may take.
const makeTime = 10 * time.Minute

// quiet keeps generators from asking, counting and using Git.
var quiet = []string{
	"CI=1", "DO_NOT_TRACK=1", "NO_UPDATE_NOTIFIER=1", "NO_COLOR=1", "ADBLOCK=1",
	"ASTRO_TELEMETRY_DISABLED=1", "GATSBY_TELEMETRY_DISABLED=1", "NEXT_TELEMETRY_DISABLED=1", "NG_CLI_ANALYTICS=false",
	"NUXT_TELEMETRY_DISABLED=1", "STORYBOOK_DISABLE_TELEMETRY=1", "TURBO_TELEMETRY_DISABLED=1", "YARN_ENABLE_TELEMETRY=0",
	"npm_config_audit=false", "npm_config_fund=false", "npm_config_ignore_scripts=true", "npm_config_update_notifier=false", "npm_config_yes=true",
}

// home is where generators and armature have their own files.
func (s settings) home() string { return filepath.Join(s.work, "home") }

// environment is that of generators.
func (s settings) environment() []string {
	return append(quiet, "HOME="+s.home(), "XDG_CONFIG_HOME="+filepath.Join(s.home(), ".config"), "XDG_CACHE_HOME="+filepath.Join(s.home(), ".cache"),
		"npm_config_cache="+filepath.Join(s.home(), ".npm"), "CORPUS_APPS="+s.source)
}

// makeApp makes an app's folder, anew, and returns it.
func (s settings) makeApp(ctx context.Context, log io.Writer, a app) (string, error) {
	dir := filepath.Join(s.work, "apps", a.Name)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := os.MkdirAll(s.home(), 0o755); err != nil {
		return "", err
	}
	ctx, stop := context.WithTimeout(ctx, makeTime)
	defer stop()
	cmd := exec.CommandContext(ctx, "sh", "-euc", prelude+a.Make+"\nlock "+a.Manager+"\n")
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), s.environment()...), "npm_config_before="+a.Before)
	if err := logged(cmd, log); err != nil {
		return "", fmt.Errorf("making the app: %w", err)
	}
	return filepath.Join(dir, "app"), nil
}

// logged runs a command whose output goes to a log, and says where it failed.
func logged(cmd *exec.Cmd, log io.Writer) error {
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return program.Signal(cmd, 15) }
	cmd.WaitDelay = 20 * time.Second
	left, err := program.Run(cmd)
	if len(left) > 0 {
		fmt.Fprintf(log, "left behind, and ended: %s\n", program.Names(left))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", strings.Join(cmd.Args[:min(2, len(cmd.Args))], " "), err)
	}
	return nil
}
