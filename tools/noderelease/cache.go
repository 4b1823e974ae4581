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

// Cache is a folder of HTTP responses, revalidated by ETag or Last-Modified. A
// damaged file counts as missing. A nil *Cache stores nothing.
//
// The cache is not trusted: its content is verified like a new download.
type Cache struct{ Dir string }

// cacheEntry is the entry of one URL. A nil entry stores nothing.
type cacheEntry struct {
	path string // of both files, without the suffixes ".json" and ".body"
	body []byte // the cached body; nil if there is none
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

// keep writes the body and its validators. Without a validator it stores
// nothing.
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

// writeFile writes a file atomically, and makes missing folders.
func writeFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return wholefile.WriteBytes(path, text)
}
