// Command npmranges runs npm's own parser on ranges, and writes its answers for
// the tests of internal/node/npmrange:
//
//	npmranges
//
// The parser is the package semver in the default Node.js's npm, verified by
// the checksum in node-engine's buildpack.toml. The command downloads it from
// the npm registry in npm's configuration, and runs it with node. `go generate`
// does not, since that needs a network; run it after a change of ranges.txt, or
// when npm has a new parser.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/armature-cnb/armature/internal/cnb/cacerts"
	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/download/fetch"
	"github.com/armature-cnb/armature/internal/files/archive"
	"github.com/armature-cnb/armature/internal/node/inventory"
	"github.com/armature-cnb/armature/internal/node/npmrc"
	"github.com/armature-cnb/armature/tools/internal/step"
)

//go:embed answers.cjs
var script string

// more has versions that the inventory lacks: lower ones, and prereleases.
var more = []string{"0.0.0", "0.0.1", "0.1.2", "1.2.3", "18.0.0-0", "20.1.0-beta.2", "20.1.0-rc.1", "22.0.0-rc.1"}

func main() { step.Main("npmranges", run) }

func run(ctx context.Context, args []string, log io.Writer) (err error) {
	flags := flag.NewFlagSet("npmranges", flag.ContinueOnError)
	ranges := flags.String("ranges", "internal/node/npmrange/testdata/ranges.txt", "the ranges to ask for, a quoted one per line")
	out := flags.String("out", "internal/node/npmrange/testdata/answers.txt", "where to write the answers")
	buildpack := flags.String("buildpack", "buildpacks/node-engine/buildpack.toml", "the inventory")
	node := flags.String("node", "node", "the program node")
	if err := flags.Parse(args); err != nil {
		return err
	}
	inv, err := inventory.Read(*buildpack)
	if err != nil {
		return err
	}
	asked, err := read(*ranges)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "npmranges-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	pin, err := npmOfTheDefault(inv)
	if err != nil {
		return err
	}
	if err := download(ctx, pin, dir); err != nil {
		return err
	}
	q := question{Versions: versions(inv), Ranges: asked}
	answers, err := ask(ctx, *node, dir, q)
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "  semver %s of npm %s answers %d ranges\n", answers.Semver, pin.Version, len(asked))
	return os.WriteFile(*out, render(pin.Version, q, answers), 0o644)
}

// read returns the ranges of a file, in the file's order. It skips blank lines
// and comments (#).
func read(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var ranges []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		unquoted, err := strconv.Unquote(line)
		if err != nil {
			return nil, fmt.Errorf("reading %s: got %s, want a quoted range", path, line)
		}
		ranges = append(ranges, unquoted)
	}
	return ranges, nil
}

func npmOfTheDefault(inv *inventory.Inventory) (inventory.Pin, error) {
	version, err := inv.Resolve("", "the default", targets.All()...)
	if err != nil {
		return inventory.Pin{}, err
	}
	release, _ := inv.Release(version, targets.LinuxARM64)
	if release.NPM.IsZero() {
		return inventory.Pin{}, fmt.Errorf("looking for npm: Node.js %s has no pin for it", version)
	}
	return release.NPM, nil
}

// download puts npm's semver into the folder semver of dir.
func download(ctx context.Context, pin inventory.Pin, dir string) error {
	home, _ := os.UserHomeDir() // without one there is no .npmrc
	config, err := npmrc.Load(npmrc.Sources{Environ: os.Environ(), HomeDir: home})
	if err != nil {
		return err
	}
	registry, err := config.Registry()
	if err != nil {
		return err
	}
	if registry == nil {
		return errors.New("downloading npm: npm's configuration names no registry; set NPM_CONFIG_REGISTRY")
	}
	roots, err := cacerts.Pool(nil)
	if err != nil {
		return err
	}
	file := fetch.File{URL: npmrc.Tarball(registry, pin.Package, pin.Version), Checksum: pin.Checksum}
	if header := config.Authorization(file.URL); header != "" {
		file.Header = http.Header{"Authorization": {header}}
	}
	path := filepath.Join(dir, "npm.tgz")
	if err := fetch.New(roots).Download(ctx, file, path); err != nil {
		return err
	}
	return archive.Unpack(ctx, path, dir, archive.Selection{Dirs: map[string]string{"node_modules/semver": "semver"}})
}

// versions returns the inventory's versions and a few more, lowest first.
func versions(inv *inventory.Inventory) []string {
	all := inv.Versions()
	for _, text := range more {
		all = append(all, semver.MustParse(text))
	}
	slices.SortFunc(all, (*semver.Version).Compare)
	texts := make([]string, len(all))
	for i, v := range all {
		texts[i] = v.String()
	}
	return texts
}

// question and reply are the script's input and output.
type question struct {
	Versions []string `json:"versions"`
	Ranges   []string `json:"ranges"`
}

type reply struct {
	Semver  string    `json:"semver"`
	Answers []*string `json:"answers"`
}

// ask runs the script in a folder with semver.
func ask(ctx context.Context, node, dir string, q question) (reply, error) {
	text, err := json.Marshal(q)
	if err != nil {
		return reply{}, err
	}
	program := filepath.Join(dir, "answers.cjs")
	if err := os.WriteFile(program, []byte(script), 0o644); err != nil {
		return reply{}, err
	}
	command := exec.CommandContext(ctx, node, program, filepath.Join(dir, "semver"))
	command.Stdin = bytes.NewReader(text)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return reply{}, fmt.Errorf("asking semver: %w", err)
	}
	var r reply
	if err := json.Unmarshal(out, &r); err != nil {
		return reply{}, fmt.Errorf("reading what semver answered: %w", err)
	}
	if len(r.Answers) != len(q.Ranges) {
		return reply{}, fmt.Errorf("reading what semver answered: got %d answers, want %d", len(r.Answers), len(q.Ranges))
	}
	return r, nil
}

// render returns a comment, a line with all versions, and a line per range with
// its versions, neighbours as "lowest..highest".
func render(npm string, q question, r reply) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Code generated by tools/npmranges from semver %s of npm %s; DO NOT EDIT.\n", r.Semver, npm)
	fmt.Fprintf(&b, "%s\n", strings.Join(q.Versions, " "))
	for i, text := range q.Ranges {
		answer := "refused"
		if row := r.Answers[i]; row != nil {
			answer = runs(q.Versions, *row)
		}
		fmt.Fprintf(&b, "%s\t%s\n", strconv.QuoteToASCII(text), answer)
	}
	return b.Bytes()
}

// runs returns the versions for which a row has a 1, or "none".
func runs(versions []string, row string) string {
	var all []string
	for i := 0; i < len(row); i++ {
		if row[i] != '1' {
			continue
		}
		first := i
		for i+1 < len(row) && row[i+1] == '1' {
			i++
		}
		if run := versions[first]; first == i {
			all = append(all, run)
		} else {
			all = append(all, run+".."+versions[i])
		}
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, " ")
}
