//go:build linux

package platform

import (
	"context"
	"math"
	"time"

	"github.com/armature-cnb/armature/platform/internal/home"
)

// PruneRequest says what of armature's own folder goes: what was used longest ago,
// and nothing that is in use.
type PruneRequest struct {
	All       bool           // everything that nothing uses, images too; the next two do not count then
	OlderThan *time.Duration // what was not used for so long; nil is a month
	KeepSize  *int64         // what is beyond so many bytes; nil is what every call leaves
	DryRun    bool           // nothing goes, and is only listed

	Home   string              // armature's own folder; $XDG_CACHE_HOME/armature or ~/.cache/armature when empty
	Getenv func(string) string // variables of this process's environment; nil has none
}

// PruneResult is what went.
type PruneResult struct {
	Home  string // absolute path of armature's own folder
	Found bool   // there is something of armature's in it
	Items []PrunedItem
}

// PrunedItem is something that was kept until it was pruned.
type PrunedItem struct {
	Kind string // "root", "build" or "image"
	Name string // for people
	Size int64  // bytes on disk; those that other items have, too, count in part
	Used time.Time
}

// ParseAge reads a time: 30d, 2w, 12h, and what [time.ParseDuration] does.
func ParseAge(text string) (time.Duration, error) { return home.ParseAge(text) }

// ParseSize reads a number of bytes: 500MB, 1.5GB, 2GiB, 1000.
func ParseSize(text string) (int64, error) { return home.ParseSize(text) }

// Prune removes what is not used any more. Where it ends with an error, the result
// has what went before.
func Prune(ctx context.Context, r PruneRequest) (result PruneResult, err error) {
	defer explain(&err)
	limits, err := r.limits()
	if err != nil {
		return result, err
	}
	h, found, err := home.OpenExisting(r.Home, environment(r.Getenv))
	if err != nil {
		return result, err
	}
	result.Home, result.Found = h.Dir, found
	if !found {
		return result, nil
	}
	defer h.Finish()
	gone, err := h.Prune(ctx, limits)
	for _, item := range gone {
		result.Items = append(result.Items, PrunedItem{string(item.Kind), item.Name, item.Size, item.Used})
	}
	if err != nil || r.DryRun {
		return result, err
	}
	return result, h.Empty(ctx)
}

func (r PruneRequest) limits() (home.Limits, error) {
	limits, err := home.Automatic(environment(r.Getenv))
	if err != nil {
		return limits, err
	}
	limits.Spare, limits.Dry = 0, r.DryRun
	if r.All {
		limits.Age, limits.Size = -1, math.MaxInt64
		return limits, nil
	}
	if r.OlderThan != nil {
		limits.Age = *r.OlderThan
	}
	if r.KeepSize != nil {
		limits.Size = *r.KeepSize
	}
	return limits, nil
}
