package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/semver/v3"
	"github.com/klauspost/compress/gzip"

	"github.com/armature-cnb/armature/internal/cnb/targets"
	"github.com/armature-cnb/armature/internal/oci"
)

// descriptorName is the archive's description of the lifecycle, which goes
// into the builder's labels.
const descriptorName = "lifecycle.toml"

// firstWithTarget is the first version of the Platform API in which the
// lifecycle takes the target from the run image. Below it, the lifecycle
// reports its own architecture.
var firstWithTarget = semver.MustParse("0.12")

// normalise rewrites the archive of the lifecycle's packager at from to out:
// reproducibly, and with a descriptor that is true for the pair of host and
// target.
func normalise(from, out string, host, tgt targets.Target) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	zipped, err := gzip.NewReader(in)
	if err != nil {
		return fmt.Errorf("reading %s: %w", from, err)
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	zip := gzip.NewWriter(file)
	to := tar.NewWriter(zip)
	for archive := tar.NewReader(zipped); ; {
		header, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", from, err)
		}
		if err := copyEntry(to, header, archive, host, tgt); err != nil {
			return fmt.Errorf("writing %s of the lifecycle: %w", header.Name, err)
		}
	}
	return errors.Join(to.Close(), zip.Close())
}

// copyEntry writes an entry with fixed times, and with modes that do not depend
// on the umask.
func copyEntry(to *tar.Writer, header *tar.Header, content io.Reader, host, tgt targets.Target) error {
	data, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	if header.Name == descriptorName {
		if data, err = describe(data, host, tgt); err != nil {
			return err
		}
	}
	clean := &tar.Header{
		Typeflag: header.Typeflag, Name: header.Name, Linkname: header.Linkname,
		Mode: modeOf(header), Size: int64(len(data)), ModTime: oci.ModTime,
	}
	if err := to.WriteHeader(clean); err != nil {
		return err
	}
	_, err = to.Write(data)
	return err
}

func modeOf(header *tar.Header) int64 {
	switch {
	case header.Typeflag == tar.TypeSymlink:
		return 0o777
	case header.Typeflag == tar.TypeDir || header.Mode&0o100 != 0:
		return 0o755
	}
	return 0o644
}

// describe returns the descriptor for a pair of host and target. If they
// differ, it omits versions of the Platform API that do not distinguish them,
// so that a platform that supports no others fails before the build.
func describe(descriptor []byte, host, tgt targets.Target) ([]byte, error) {
	if host == tgt {
		return descriptor, nil
	}
	var all map[string]any
	if err := toml.Unmarshal(descriptor, &all); err != nil {
		return nil, err
	}
	var known struct {
		APIs struct {
			Platform struct{ Supported, Deprecated []*semver.Version }
		}
	}
	if err := toml.Unmarshal(descriptor, &known); err != nil {
		return nil, err
	}
	supported, deprecated := withTarget(known.APIs.Platform.Supported), withTarget(known.APIs.Platform.Deprecated)
	if len(supported) == 0 {
		return nil, fmt.Errorf("got no version of the Platform API from %s on, which builders for %s on %s need", firstWithTarget.Original(), tgt, host)
	}
	all["apis"].(map[string]any)["platform"] = map[string]any{"supported": supported, "deprecated": deprecated}
	if oldest, ok := all["api"].(map[string]any); ok { // as before RFC 110: the oldest that works
		oldest["platform"] = supported[0]
	}
	var out bytes.Buffer
	err := toml.NewEncoder(&out).Encode(all)
	return out.Bytes(), err
}

// withTarget returns the versions that are not too old; it is never nil.
func withTarget(versions []*semver.Version) []string {
	left := []string{}
	for _, version := range versions {
		if !version.LessThan(firstWithTarget) {
			left = append(left, version.Original())
		}
	}
	return left
}
