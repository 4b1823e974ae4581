//go:build linux

package platform

import (
	"context"
	"math"
	"time"

	"github.com/armature-cnb/armature/platform/internal/home"
)

// PruneRequest says what to remove from armature's own folder: the least recently
// used first, and nothing in use.
type PruneRequest struct {
	All       bool           // everything that is not in use, images too; overrides the next two
	OlderThan *time.Duration // remove what was not used for this long; nil is a month
	KeepSize  *int64         // remove until at most these bytes are left; nil is the limit that every call applies
	DryRun    bool           // list only

	Home   string              // armature's own folder; $XDG_CACHE_HOME/armature or ~/.cache/armature when empty
	Getenv func(string) string // looks up an environment variable; nil has none
}

// PruneResult is what was removed.
type PruneResult struct {
	Home  string // absolute path of armature's own folder
	Found bool   // Home holds something of armature's
	Items []PrunedItem
}

// PrunedItem is an item in armature's own folder.
type PrunedItem struct {
	Kind string // "root", "build", "image" or "archive"; archives of packages are one item
	Name string // for people
	Size int64  // bytes on disk; shared files count in part
	Used time.Time
}

// ParseAge parses a duration: 30d, 2w, 12h, and the formats of
// [time.ParseDuration].
func ParseAge(text string) (time.Duration, error) { return home.ParseAge(text) }

// ParseSize parses a number of bytes: 500MB, 1.5GB, 2GiB, 1000.
func ParseSize(text string) (int64, error) { return home.ParseSize(text) }

// Prune removes unused items. After an error the result has what was removed before
// it.
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
