// Command builder makes the builder for a target: an OCI layout with an index
// of one image per host.
//
//	builder -target linux/arm64 -hosts linux/amd64,linux/arm64 -version 0.1.0 -out build/builder/linux-arm64
//
// pack creates the images in a loopback registry in this process; no container
// engine is involved.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/tools/internal/step"
)

func main() { step.Main("builder", run) }

// settings are the flags, read and checked.
type settings struct {
	target    targets.Target
	hosts     []targets.Target
	version   string
	repo      string // prefix of the run image's reference
	config    string // builder.toml with ${…}
	stack     string // folder of the stack's OCI layouts
	lifecycle string // folder of the lifecycle archives
	packages  string // folder of the buildpackages
	pack      string // the pack program
	out       string
}

func run(ctx context.Context, args []string, log io.Writer) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	registry, err := askNPM(ctx, log)
	if err != nil {
		return err
	}
	return create(ctx, log, s, registry)
}

func parse(args []string) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("builder", flag.ContinueOnError)
	targetText := flags.String("target", "", "where app images run, for example linux/arm64")
	hostsText := flags.String("hosts", "", "where builds run, comma-separated; this host when empty")
	flags.StringVar(&s.version, "version", "", "version of the buildpacks")
	flags.StringVar(&s.repo, "repository", "armature", "where run images are published, for example registry.example.com/armature")
	flags.StringVar(&s.config, "config", "builder/builder.toml", "the builder's configuration")
	flags.StringVar(&s.stack, "stack", "build/stack", "folder of the stack's images")
	flags.StringVar(&s.lifecycle, "lifecycle", "build/lifecycle", "folder of the lifecycle archives")
	flags.StringVar(&s.packages, "packages", "build/packages", "folder of the buildpackages")
	flags.StringVar(&s.pack, "pack", "pack", "the pack program")
	flags.StringVar(&s.out, "out", "", "OCI layout to make; what it held before is replaced")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if s.out == "" || s.version == "" {
		return s, errors.New("want -out and -version")
	}
	var err error
	if s.target, err = targets.Parse(*targetText); err != nil {
		return s, fmt.Errorf("reading -target: %w", err)
	}
	s.hosts, err = parseHosts(*hostsText)
	return s, err
}

func parseHosts(text string) ([]targets.Target, error) {
	if text == "" {
		host, err := targets.Host()
		return []targets.Target{host}, err
	}
	var hosts []targets.Target
	for _, one := range strings.Split(text, ",") {
		host, err := targets.Parse(strings.TrimSpace(one))
		if err != nil {
			return nil, fmt.Errorf("reading -hosts: %w", err)
		}
		hosts = append(hosts, host)
	}
	return hosts, nil
}

// askNPM returns the npm registry of this machine's npm, which becomes the
// builder's default, or "" without npm.
func askNPM(ctx context.Context, log io.Writer) (string, error) {
	if set := os.Getenv("NPM_CONFIG_REGISTRY"); set != "" {
		return withoutPassword(set)
	}
	text, err := step.Output(ctx, nil, "npm", "config", "get", "registry", "--no-update-notifier")
	if err != nil {
		fmt.Fprintf(log, "  no npm here: the builder gets no default npm registry\n")
		return "", ctx.Err()
	}
	lines := strings.Split(text, "\n")
	return withoutPassword(strings.TrimSpace(lines[len(lines)-1]))
}

// withoutPassword removes the user and password from an address: builders are
// distributed.
func withoutPassword(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", errors.New("npm's registry setting on this machine is not an http or https address")
	}
	u.User = nil
	return u.String(), nil
}

// registryVariable is node-engine's setting for the registry if npm's
// configuration names none. NPM_CONFIG_REGISTRY would override every .npmrc.
const registryVariable = "BP_NPM_REGISTRY"

var variable = regexp.MustCompile(`\$\{[A-Z_]+\}`)

// render fills in a builder.toml and appends the defaults of the build
// environment. A name without a value is an error.
func render(config string, values map[string]string, npmRegistry string) (string, error) {
	text, err := os.ReadFile(config)
	if err != nil {
		return "", err
	}
	var unknown []string
	filled := variable.ReplaceAllStringFunc(string(text), func(match string) string {
		name := strings.Trim(match, "${}")
		value, ok := values[name]
		if !ok {
			unknown = append(unknown, name)
		}
		return value
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("%s has unknown names: %s", config, strings.Join(unknown, ", "))
	}
	if npmRegistry != "" {
		filled += fmt.Sprintf("\n[[build.env]]\n  name = %q\n  value = %q\n  suffix = \"default\"\n", registryVariable, npmRegistry)
	}
	return filled, nil
}

// runImage returns the public name of a run image of the kind "run" or
// "run-tiny".
func (s settings) runImage(kind string) string { return s.repo + "/" + kind + ":" + s.target.Arch }

// values returns the values of builder.toml's names, for one host.
func (s settings) values(host targets.Target, build string) (map[string]string, error) {
	packages, err := filepath.Abs(s.packages)
	if err != nil {
		return nil, err
	}
	lifecycle, err := filepath.Abs(filepath.Join(s.lifecycle, host.Dashed()+"-for-"+s.target.Dashed()+".tgz"))
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"TARGET":         s.target.String(),
		"HOST":           host.String(),
		"VERSION":        s.version,
		"PACKAGES":       packages,
		"LIFECYCLE":      lifecycle,
		"BUILD_IMAGE":    build,
		"RUN_IMAGE":      s.runImage("run"),
		"RUN_TINY_IMAGE": s.runImage("run-tiny"),
	}, nil
}
