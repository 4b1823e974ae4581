#!/bin/sh
# Integration tests of armature, with the parts that the Makefile passes in the
# environment.
set -eu
. "$(dirname "$0")/lib.sh"
# Without cgo: the tests make sandboxes, which re-execute the test program.
CGO_ENABLED=0
export CGO_ENABLED
# More in parallel than processors: builds wait for npm, and tests for each other's
# builders.
logged build/integration-armature.log go test -count=1 -timeout 35m -parallel 5 -v ./integration/armature
expect_left_out build/integration-armature.log
