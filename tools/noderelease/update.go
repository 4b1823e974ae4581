package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/program"
)

// update fetches, verifies and writes the lock file. With faults it still
// writes the lock, with the old data of the affected versions, and returns an
// error, too; without the index or the schedule there is no new lock.
func update(ctx context.Context, s *settings, old *Lock) (*Lock, error) {
	begun := time.Now()
	f := NewFetcher(s.timeout, s.backoff, nil)
	folder, err := s.cacheFolder()
	if err != nil {
		return nil, err
	}
	facts := "" // folder for the ELF data of packages
	if folder != "" {
		f.Cache = &Cache{Dir: filepath.Join(folder, "answers")}
		facts = filepath.Join(folder, "facts")
	}
	if s.registry == "" {
		if s.registry, err = npmRegistry(ctx); err != nil {
			return nil, err
		}
	}
	report := newProgress(s.stderr)
	evidence, faults, err := gather(ctx, s, f, report)
	report.done()
	if err != nil {
		return nil, err
	}
	lock, more, notes := Inventory(s.policy, evidence, old, s.prune)
	faults = append(faults, more...)
	if s.elf {
		faults = append(faults, lookInside(ctx, s, f, facts, lock, report)...)
		report.done()
	}
	if err := writeLock(s.lockPath(), lock); err != nil {
		return nil, err
	}
	summarize(s.stderr, old, lock, notes, time.Now())
	fmt.Fprintf(s.stderr, "%d requests (%d unchanged), %d bytes of answers, %d bytes read in all, in %.1fs\n",
		f.requests.Load(), f.unchanged.Load(), f.bodies.Load(), f.wire.Load(), time.Since(begun).Seconds())
	return lock, joinFaults(faults)
}

// writeLock writes the lock file if it has changed.
func writeLock(path string, lock *Lock) error {
	text, err := lock.Encode()
	if err != nil {
		return err
	}
	if was, err := os.ReadFile(path); err == nil && bytes.Equal(was, text) {
		return nil
	}
	return writeFile(path, text)
}

// sorted sorts faults, which come from several goroutines in random order.
func sorted(faults []Fault) []Fault {
	slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Error(), b.Error()) })
	return faults
}

func joinFaults(faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	all := []error{fmt.Errorf("faults: %d; what they concern is kept as it was locked, or left out:", len(faults))}
	for _, f := range faults {
		all = append(all, f)
	}
	return errors.Join(all...)
}

func (s *settings) cacheFolder() (string, error) {
	switch s.cache {
	case "none":
		return "", nil
	case "":
		user, err := os.UserCacheDir()
		return filepath.Join(user, "armature", "noderelease"), err
	}
	return s.cache, nil
}

// npmRegistry returns npm's configured registry, so that this project contains
// no host name.
func npmRegistry(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "npm", "config", "get", "registry")
	cmd.Stdout = &out
	_, err := program.Run(cmd)
	registry := strings.TrimSpace(out.String())
	if err != nil || registry == "" || registry == "undefined" {
		return "", fmt.Errorf("asking npm for its registry: got %q (%v); give -npm-registry instead", registry, err)
	}
	return registry, nil
}

// gather fetches all the evidence. A fault affects one version or key; an error
// means that there is no usable evidence.
func gather(ctx context.Context, s *settings, f *Fetcher, report *progress) (Evidence, []Fault, error) {
	e := Evidence{Lists: map[string]List{}, Packages: map[targets.Target]map[string]string{}}
	ring := NewKeyring()
	var mu sync.Mutex
	var faults []Fault
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(s.jobs)
	parsed := func(what, location string, max int64, parse func([]byte) error) {
		group.Go(func() error {
			text, err := f.Get(groupCtx, location, max)
			if err != nil {
				return fmt.Errorf("fetching the %s: %w", what, err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err := parse(text); err != nil {
				return fmt.Errorf("reading the %s at %s: %w", what, redacted(location), err)
			}
			return nil
		})
	}
	parsed("release index", s.index, maxIndexBytes, func(text []byte) (err error) {
		e.Index, err = ParseIndex(text, s.policy.FirstLine)
		return err
	})
	parsed("release schedule", s.schedule, maxScheduleBytes, func(text []byte) (err error) {
		e.Schedule, err = ParseSchedule(text)
		return err
	})
	parsed("npm package npm", At(s.registry, "npm"), maxPackumentSize, func(text []byte) (err error) {
		e.NPM, err = ParsePackument(text, "npm")
		return err
	})
	for _, t := range s.policy.Targets {
		name := packageName(t)
		parsed("npm package "+name, At(s.registry, name), maxPackumentSize, func(text []byte) (err error) {
			e.Packages[t], err = ParsePackument(text, name)
			return err
		})
	}
	for _, signer := range s.signers {
		group.Go(func() error {
			text, err := f.Get(groupCtx, At(s.keys, signer.Fingerprint+".asc"), maxKeyBytes)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				err = ring.Add(signer, text)
			}
			if err != nil {
				ring.Miss(signer, err)
				faults = append(faults, Fault{What: "key of " + signer.Owner, Err: err})
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Evidence{}, nil, err
	}
	return e, sorted(faults), fetchLists(ctx, s, f, ring, &e, report)
}

// fetchLists gets and verifies the signed list of every version in the index.
func fetchLists(ctx context.Context, s *settings, f *Fetcher, ring *Keyring, e *Evidence, report *progress) error {
	var mu sync.Mutex
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(s.jobs)
	now := time.Now()
	for _, entry := range e.Index {
		group.Go(func() error {
			version := entry.Version.String()
			list := fetchList(groupCtx, f, ring, At(s.dist, "v"+version+"/SHASUMS256.txt.asc"), now)
			mu.Lock()
			defer mu.Unlock()
			e.Lists[version] = list
			report.step("verified", len(e.Lists), len(e.Index), "signed lists")
			return groupCtx.Err()
		})
	}
	return group.Wait()
}

func fetchList(ctx context.Context, f *Fetcher, ring *Keyring, location string, now time.Time) List {
	text, err := f.Get(ctx, location, maxListBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return List{Err: fmt.Errorf("there is no signed list: %w", err)}
	}
	if err != nil {
		return List{Err: fmt.Errorf("fetching the signed list: %w", err)}
	}
	signed, err := ring.Verify(text, now)
	if err != nil {
		return List{Err: fmt.Errorf("verifying %s: %w", redacted(location), err)}
	}
	sums, err := ParseSums(signed.Text)
	if err != nil {
		return List{Err: fmt.Errorf("reading the signed list: %w", err)}
	}
	return List{Sums: sums, Signed: signed}
}
