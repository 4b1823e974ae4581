package main

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/cnb/targets"
)

// download is an archive whose bin/node is to be inspected.
type download struct {
	what     string // "node 24.19.0"
	location string
	sum      string // hex
	hash     func() hash.Hash
	member   string // bin/node in the archive
	target   targets.Target
	into     **Program // destination of the result
}

// lookInside fills in the requirements of every bin/node that the lock lacks.
// It does not keep the archives, tens of megabytes each, but stores each result
// in factsDir by the archive's checksum, so that an interrupted run can
// continue; "" stores nothing.
func lookInside(ctx context.Context, s *settings, f *Fetcher, factsDir string, lock *Lock, report *progress) []Fault {
	wanted := s.downloads(lock)
	var mu sync.Mutex
	var faults []Fault
	done := 0
	var group errgroup.Group
	group.SetLimit(min(s.jobs, 2)) // unpacking takes longer than fetching
	for _, d := range wanted {
		group.Go(func() error {
			program, err := lookAt(ctx, s, f, factsDir, d)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				faults = append(faults, Fault{What: d.what, Err: fmt.Errorf("looking into its bin/node for %s: %w", d.target, err)})
			}
			*d.into = program
			done++
			report.step("looked into", done, len(wanted), "archives")
			return nil
		})
	}
	group.Wait() // no function returns an error: each is a fault
	return sorted(faults)
}

// downloads returns the archives to inspect: npm packages, and nodejs.org's
// archives if there is no package and the settings allow it.
func (s *settings) downloads(lock *Lock) []download {
	var wanted []download
	for i := range lock.Releases {
		r := &lock.Releases[i]
		for j := range r.Archives {
			a := &r.Archives[j]
			t, err := targets.Parse(a.Target)
			if err != nil || a.ELF != nil {
				continue
			}
			d := download{what: "node " + r.Version, target: t, into: &a.ELF}
			switch {
			case a.Package != "":
				d.location = At(s.registry, fmt.Sprintf("%s/-/%s-%s.tgz", a.Package, a.Package, r.Version))
				d.sum, d.hash, d.member = a.SHA512, sha512.New, "package/bin/node"
			case s.elfArchives && s.policy.Archive == "tar.gz":
				name := archiveName(r.Version, t.Node(), s.policy.Archive)
				d.location = At(s.dist, "v"+r.Version+"/"+name)
				d.sum, d.hash, d.member = a.SHA256, sha256.New, strings.TrimSuffix(name, ".tar.gz")+"/bin/node"
			default:
				continue
			}
			wanted = append(wanted, d)
		}
	}
	return wanted
}

func lookAt(ctx context.Context, s *settings, f *Fetcher, factsDir string, d download) (*Program, error) {
	known := filepath.Join(factsDir, d.sum+".json")
	if program := readFacts(known); factsDir != "" && program != nil {
		return program, nil
	}
	var program *Program
	err := f.Stream(ctx, d.location, maxTarballBytes, s.tarball, func(r io.Reader) error {
		sum := d.hash()
		found, err := readArchive(io.TeeReader(r, sum), d.member, d.target.ELF())
		if err != nil {
			return fmt.Errorf("reading %s: %w", redacted(d.location), err)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != d.sum {
			return fmt.Errorf("%s: got the checksum %s, want %s", redacted(d.location), got, d.sum)
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

// readFacts returns an earlier run's result, or nil.
func readFacts(path string) *Program {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	program := &Program{}
	if json.Unmarshal(text, program) != nil || len(program.Needed) == 0 {
		return nil
	}
	return program
}
