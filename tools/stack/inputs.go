package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/armature-cnb/armature/internal/oci"
)

// inputsOf returns a digest of everything that an image depends on, except the
// state of Debian's archive: this program with all that is compiled into it,
// including the folder stack, and the kind and target.
func inputsOf(r request) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	return inputsTo(self, r)
}

// inputsTo is [inputsOf] of the program at a path.
func inputsTo(program string, r request) (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s\n", r.kind.name, r.target)
	file, err := os.Open(program)
	if err != nil {
		return "", fmt.Errorf("reading this program: %w", err)
	}
	defer file.Close()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("reading this program: %w", err)
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

// isMade reports whether out is an image made from inputs.
func isMade(out, inputs string) bool {
	made, err := os.ReadFile(out + ".inputs")
	if err != nil || strings.TrimSpace(string(made)) != inputs {
		return false
	}
	_, err = oci.ReadLayout(out)
	return err == nil
}
