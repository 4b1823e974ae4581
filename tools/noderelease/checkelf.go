package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// checkELF fails if a version in the lock would not start on a target's run
// image. It only counts versions without ELF data.
func checkELF(s *settings, lock *Lock) error {
	if len(s.runImages) == 0 {
		return errors.New("-check-elf needs a -run-image for each target")
	}
	covered := map[string]bool{}
	var faults []error
	for _, folder := range s.runImages {
		image, err := ReadRunImage(folder)
		if err != nil {
			return err
		}
		covered[image.Target.String()] = true
		faults = append(faults, checkOn(s.stderr, image, folder, lock)...)
	}
	for _, t := range s.policy.Targets {
		if !covered[t.String()] {
			faults = append(faults, fmt.Errorf("no run image for %s was given", t))
		}
	}
	return errors.Join(faults...)
}

func checkOn(w io.Writer, image *RunImage, folder string, lock *Lock) []error {
	var faults []error
	var unseen []string
	starts := 0
	for _, r := range lock.Releases {
		a := r.archive(image.Target.String())
		switch {
		case a == nil:
		case a.ELF == nil:
			unseen = append(unseen, r.Version)
		default:
			lacks := image.Lacks(a.ELF)
			if len(lacks) == 0 {
				starts++
				continue
			}
			faults = append(faults, fmt.Errorf("node %s for %s would not start on the run image in %s: it %s",
				r.Version, image.Target, folder, strings.Join(lacks, "; it ")))
		}
	}
	fmt.Fprintf(w, "%s: %d versions start on the run image in %s, %d would not, %d were not looked into\n",
		image.Target, starts, folder, len(faults), len(unseen))
	if starts+len(faults) == 0 {
		faults = append(faults, fmt.Errorf("no version for %s was looked into: make the facts with -update -elf", image.Target))
	}
	return faults
}
