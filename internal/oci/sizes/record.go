package sizes

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
)

// Entry is the recorded size of an image with its layers, or of a file, which
// has only an uncompressed size.
type Entry struct {
	What         string  `json:"what"`
	Compressed   int64   `json:"compressed,omitempty"` // bytes, as is the other
	Uncompressed int64   `json:"uncompressed"`
	Layers       []Layer `json:"layers,omitempty"`
}

// Image is the entry of an image with these layers. Layers of one owner count
// as one.
func Image(what string, layers []Layer) Entry {
	sum := Total(layers)
	entry := Entry{What: what, Compressed: sum.Compressed, Uncompressed: sum.Uncompressed}
	for _, layer := range layers {
		at := slices.IndexFunc(entry.Layers, func(other Layer) bool { return other.Owner == layer.Owner })
		if at < 0 {
			entry.Layers = append(entry.Layers, layer)
			continue
		}
		entry.Layers[at].Compressed += layer.Compressed
		entry.Layers[at].Uncompressed += layer.Uncompressed
	}
	return entry
}

// Read reads what is recorded.
func Read(path string) ([]Entry, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	if err := json.Unmarshal(content, &entries); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	return entries, nil
}

// Write records entries.
func Write(path string, entries []Entry) error {
	content, err := json.MarshalIndent(entries, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}

// Tolerances of a size. An entry of at most slack may be missing in either
// list.
const (
	percent = 3
	slack   = 10_000 // bytes
)

// Compare returns a line for every entry whose size differs from the record by
// more than 3 % and 10 kB, and for every entry that only one list has. It
// reports smaller sizes, too: with an old record they could grow back
// unnoticed.
func Compare(recorded, measured []Entry) (differences []string) {
	before, now := flat(recorded), flat(measured)
	for _, one := range now {
		was, ok := find(before, one.what)
		switch {
		case !ok && one.bytes > slack:
			differences = append(differences, fmt.Sprintf("%s: got %d bytes, and no record of it", one.what, one.bytes))
		case ok && differs(was.bytes, one.bytes):
			differences = append(differences, fmt.Sprintf("%s: got %d bytes, want %d within %d %%: it is %+.1f %%", one.what, one.bytes, was.bytes, percent, 100*float64(one.bytes-was.bytes)/float64(was.bytes)))
		}
	}
	for _, was := range before {
		if _, ok := find(now, was.what); !ok && was.bytes > slack {
			differences = append(differences, fmt.Sprintf("%s: got none, want %d bytes", was.what, was.bytes))
		}
	}
	return differences
}

// differs reports whether sizes differ by more than the tolerances.
func differs(was, is int64) bool {
	apart := max(is-was, was-is)
	return apart > slack && apart*100 > was*percent
}

// figure is one number of an entry.
type figure struct {
	what  string
	bytes int64
}

func flat(entries []Entry) (figures []figure) {
	add := func(what string, bytes int64) {
		if bytes > 0 {
			figures = append(figures, figure{what, bytes})
		}
	}
	for _, entry := range entries {
		add(entry.What+", compressed", entry.Compressed)
		add(entry.What+", uncompressed", entry.Uncompressed)
		for _, layer := range entry.Layers {
			add(entry.What+", layer "+layer.Owner+", compressed", layer.Compressed)
			add(entry.What+", layer "+layer.Owner+", uncompressed", layer.Uncompressed)
		}
	}
	return figures
}

func find(figures []figure, what string) (figure, bool) {
	at := slices.IndexFunc(figures, func(one figure) bool { return one.what == what })
	if at < 0 {
		return figure{}, false
	}
	return figures[at], true
}
