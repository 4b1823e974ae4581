package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"

	"github.com/armature-cnb/armature/internal/files/wholefile"
)

// Cache keeps answers of servers, so that they need not be sent again while
// the server says that they are unchanged (ETag, Last-Modified). It is a
// folder; a damaged file in it counts as none. A nil *Cache keeps nothing.
//
// Nothing is trusted for being in the cache: what comes out of it is verified
// as if it had just come in.
type Cache struct{ Dir string }

// cacheEntry is what is kept of one URL. A nil entry keeps nothing.
type cacheEntry struct {
	path string // of the two files, without their suffixes ".json" and ".body"
	body []byte // as kept before; nil when there is none
	meta cacheMeta
}

type cacheMeta struct {
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last-modified,omitempty"`
	SHA256       string `json:"sha256"` // of the body
}

func (c *Cache) entry(location string) *cacheEntry {
	if c == nil {
		return nil
	}
	sum := sha256.Sum256([]byte(location))
	e := &cacheEntry{path: filepath.Join(c.Dir, hex.EncodeToString(sum[:]))}
	text, err := os.ReadFile(e.path + ".json")
	if err != nil || json.Unmarshal(text, &e.meta) != nil {
		return e
	}
	body, err := os.ReadFile(e.path + ".body")
	if err == nil && hexSHA256(body) == e.meta.SHA256 {
		e.body = body
	}
	return e
}

func (e *cacheEntry) usable() bool { return e != nil && e.body != nil }

// ask makes a request conditional.
func (e *cacheEntry) ask(header http.Header) {
	if !e.usable() {
		return
	}
	if e.meta.ETag != "" {
		header.Set("If-None-Match", e.meta.ETag)
	}
	if e.meta.LastModified != "" {
		header.Set("If-Modified-Since", e.meta.LastModified)
	}
}

func (e *cacheEntry) note(header http.Header) {
	if e != nil {
		e.meta = cacheMeta{ETag: header.Get("ETag"), LastModified: header.Get("Last-Modified")}
	}
}

// keep writes the body and by what to ask for it. Without a validator there is
// nothing to ask by, and nothing is kept.
func (e *cacheEntry) keep(body []byte) error {
	if e == nil || e.meta.ETag == "" && e.meta.LastModified == "" {
		return nil
	}
	e.meta.SHA256 = hexSHA256(body)
	meta, err := json.Marshal(e.meta)
	if err != nil {
		return err
	}
	if err := writeFile(e.path+".body", body); err != nil {
		return err
	}
	return writeFile(e.path+".json", meta)
}

func hexSHA256(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// writeFile writes a file whole or not at all. Missing folders are made.
func writeFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return wholefile.WriteBytes(path, text)
}
