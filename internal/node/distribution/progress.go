package distribution

import (
	"fmt"
	"sync"
	"time"

	"github.com/armature-cnb/armature/internal/download/fetch"
)

// interval is how often the log reports a download's progress, and how long it
// waits before the first report.
const interval = 2 * time.Second

// narrated returns a copy of the client that logs retries, and the progress of
// long downloads.
func (f *Finder) narrated() *fetch.Client {
	client := *f.Client
	var mutex sync.Mutex
	last := map[string]time.Time{}
	client.Progress = func(file fetch.File, done, total int64) {
		mutex.Lock()
		defer mutex.Unlock()
		now := time.Now()
		if before, started := last[file.Name()]; !started {
			last[file.Name()] = now
		} else if now.Sub(before) >= interval {
			last[file.Name()] = now
			f.log("  %s: %s", file.Name(), progress(done, total))
		}
	}
	client.Retry = func(file fetch.File, attempt int, err error) {
		f.log("  attempt %d of %d: %s", attempt, client.Attempts, err)
	}
	return &client
}

func progress(done, total int64) string {
	if total <= 0 {
		return fmt.Sprintf("%.1f MB", float64(done)/1e6)
	}
	return fmt.Sprintf("%.1f of %.1f MB (%d %%)", float64(done)/1e6, float64(total)/1e6, 100*done/total)
}
