package main

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/target"
)

// lookInside fills in what the bin/node of every npm package needs, where the
// lock does not say so yet. A package is tens of megabytes and is not kept;
// what was found out is, by the package's checksum, so that an interrupted run
// goes on where it was.
func lookInside(ctx context.Context, s *settings, f *Fetcher, factsDir string, lock *Lock, report *progress) []Fault {
	var todo []*Archive
	versions := map[*Archive]string{}
	for i := range lock.Releases {
		for j := range lock.Releases[i].Archives {
			a := &lock.Releases[i].Archives[j]
			if a.Package != "" && a.ELF == nil {
				todo, versions[a] = append(todo, a), lock.Releases[i].Version
			}
		}
	}
	var mu sync.Mutex
	var faults []Fault
	var group errgroup.Group
	group.SetLimit(min(s.jobs, 2)) // unpacking, not fetching, is what takes the time
	for n, a := range todo {
		group.Go(func() error {
			program, err := lookAt(ctx, s, f, factsDir, *a, versions[a])
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				faults = append(faults, Fault{What: "node " + versions[a], Err: fmt.Errorf("looking into %s: %w", a.Package, err)})
			}
			a.ELF = program
			report.step("looked into", n+1, len(todo), "packages")
			return nil
		})
	}
	group.Wait() // no function returns an error: each is a fault
	return faults
}

func lookAt(ctx context.Context, s *settings, f *Fetcher, factsDir string, a Archive, version string) (*Program, error) {
	known := filepath.Join(factsDir, a.SHA512+".json")
	if factsDir != "" {
		if text, err := os.ReadFile(known); err == nil {
			program := &Program{}
			if json.Unmarshal(text, program) == nil && len(program.Needed) > 0 {
				return program, nil
			}
		}
	}
	t, err := target.Parse(a.Target)
	if err != nil {
		return nil, err
	}
	var program *Program
	location := At(s.registry, fmt.Sprintf("%s/-/%s-%s.tgz", a.Package, a.Package, version))
	err = f.Stream(ctx, location, maxTarballBytes, s.tarball, func(r io.Reader) error {
		sum := sha512.New()
		found, err := readPackage(io.TeeReader(r, sum), t.ELF())
		if err != nil {
			return err
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != a.SHA512 {
			return fmt.Errorf("got the sha512 %s, want %s", got, a.SHA512)
		}
		program = found
		return nil
	})
	if err != nil || factsDir == "" {
		return program, err
	}
	text, err := json.Marshal(program)
	if err != nil {
		return nil, err
	}
	return program, writeFile(known, text)
}
