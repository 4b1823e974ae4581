package site

import (
	"net/http"
	"path"
	"strings"
)

// byExtension are the media types of files (IANA, "Media Types"). The build image
// may have another table in each release, so that this one is our own.
var byExtension = map[string]string{
	".7z": "application/x-7z-compressed", ".aac": "audio/aac", ".apng": "image/apng", ".appcache": "text/cache-manifest",
	".atom": "application/atom+xml", ".avif": "image/avif", ".bmp": "image/bmp", ".br": "application/octet-stream",
	".bz2": "application/x-bzip2", ".cjs": "text/javascript", ".css": "text/css", ".csv": "text/csv",
	".cur": "image/x-icon", ".doc": "application/msword", ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".eot": "application/vnd.ms-fontobject", ".epub": "application/epub+zip", ".flac": "audio/flac", ".geojson": "application/geo+json",
	".gif": "image/gif", ".glb": "model/gltf-binary", ".gltf": "model/gltf+json", ".gpx": "application/gpx+xml", ".gz": "application/gzip",
	".heic": "image/heic", ".heif": "image/heif", ".htm": "text/html", ".html": "text/html", ".ico": "image/x-icon", ".ics": "text/calendar",
	".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".js": "text/javascript", ".json": "application/json", ".json5": "application/json5",
	".jsonld": "application/ld+json", ".jxl": "image/jxl", ".kml": "application/vnd.google-earth.kml+xml", ".m3u8": "application/vnd.apple.mpegurl",
	".m4a": "audio/mp4", ".m4v": "video/mp4", ".map": "application/json", ".markdown": "text/markdown", ".md": "text/markdown",
	".mid": "audio/midi", ".mjs": "text/javascript", ".mov": "video/quicktime", ".mp3": "audio/mpeg", ".mp4": "video/mp4", ".mpd": "application/dash+xml",
	".mpeg": "video/mpeg", ".obj": "model/obj", ".oga": "audio/ogg", ".ogg": "audio/ogg", ".ogv": "video/ogg", ".opus": "audio/ogg", ".otf": "font/otf",
	".pdf": "application/pdf", ".png": "image/png", ".pps": "application/vnd.ms-powerpoint", ".ppt": "application/vnd.ms-powerpoint",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation", ".ps": "application/postscript", ".rar": "application/vnd.rar",
	".rss": "application/rss+xml", ".rtf": "application/rtf", ".stl": "model/stl", ".svg": "image/svg+xml", ".svgz": "image/svg+xml",
	".tar": "application/x-tar", ".tif": "image/tiff", ".tiff": "image/tiff", ".toml": "application/toml", ".ts": "video/mp2t", ".tsv": "text/tab-separated-values",
	".ttc": "font/collection", ".ttf": "font/ttf", ".txt": "text/plain", ".usdz": "model/vnd.usdz+zip", ".vcf": "text/vcard", ".vtt": "text/vtt",
	".wasm": "application/wasm", ".wav": "audio/wav", ".weba": "audio/webm", ".webm": "video/webm", ".webmanifest": "application/manifest+json",
	".webp": "image/webp", ".woff": "font/woff", ".woff2": "font/woff2", ".xhtml": "application/xhtml+xml", ".xls": "application/vnd.ms-excel",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xml": "application/xml", ".xsl": "application/xslt+xml",
	".yaml": "application/yaml", ".yml": "application/yaml", ".zip": "application/zip", ".zst": "application/zstd",
}

// packed are types without much left to compress.
var packed = map[string]bool{
	"application/epub+zip": true, "application/gzip": true, "application/pdf": true, "application/vnd.rar": true, "application/x-7z-compressed": true,
	"application/x-bzip2": true, "application/zip": true, "application/zstd": true, "font/woff": true, "font/woff2": true, "model/vnd.usdz+zip": true,
}

// TypeOf returns the Content-Type of a file: by its extension, or else by its
// first 512 bytes.
func TypeOf(name string, beginning []byte) string {
	kind, known := byExtension[strings.ToLower(path.Ext(name))]
	if !known {
		return http.DetectContentType(beginning)
	}
	if strings.HasPrefix(kind, "text/") || kind == "application/json" || kind == "application/manifest+json" || strings.HasSuffix(kind, "xml") {
		return kind + "; charset=utf-8"
	}
	return kind
}

// IsAsset reports whether a path has the extension of a file that no browser
// shows as a page: a missing one is missing, and no route of the app's.
func IsAsset(name string) bool {
	kind, known := byExtension[strings.ToLower(path.Ext(name))]
	return known && kind != "text/html" && kind != "application/xhtml+xml"
}

// IsCompressible reports whether compression is worth a try for a Content-Type.
func IsCompressible(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	family, _, _ := strings.Cut(kind, "/")
	switch {
	case kind == "image/svg+xml", kind == "image/bmp", kind == "image/x-icon", kind == "audio/wav":
		return true
	case family == "image", family == "video", family == "audio", packed[kind], strings.HasPrefix(kind, "application/vnd.openxmlformats"):
		return false
	}
	return true
}
