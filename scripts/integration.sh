#!/bin/sh
# Integration tests: scripts/integration.sh VERSION PACKAGES BUILDERS Loads run
# images and builders for both targets into the Docker engine and runs the tests
# against them with this checkout's pack. Some run an npm registry.
set -eu
. "$(dirname "$0")/lib.sh"
version=$1 packages=$2 builders=$3
host=linux/$(go env GOHOSTARCH)
for arch in arm64 amd64; do
  for kind in run run-tiny; do
    go run ./tools/load -layout "build/stack/$kind-$arch" -platform "linux/$arch" -tag "armature/$kind:$arch"
  done
  go run ./tools/load -layout "$builders/linux-$arch-on-$(printf '%s' "$host" | tr / -)" -platform "$host" -tag "armature/builder:$arch"
done
need_npm "$PWD/$packages"
PATH=$PWD/build/bin:$PATH
PACK_HOME=$PWD/build/pack-home
PACK_VOLUME_KEY=armature-integration # pack loses keys that it makes in builds side by side
ARMATURE_VERSION=$version
ARMATURE_PACKAGES=$PWD/$packages
ARMATURE_BUILDERS=$PWD/$builders
ARMATURE_TESTS=all
export PATH PACK_HOME PACK_VOLUME_KEY ARMATURE_VERSION ARMATURE_PACKAGES ARMATURE_BUILDERS ARMATURE_TESTS
# More in parallel than processors: builds wait for npm, and containers to start
# and end.
logged build/integration.log go test -count=1 -timeout 35m -parallel 4 -v ./integration/pack
expect_left_out build/integration.log
# CI's disk is small, and no later stage uses the engine: builders take 900 MB
# each. Rebuilt images leave their predecessors without a name.
if [ -n "${CI:-}" ]; then
  for arch in arm64 amd64; do
    docker image rm "armature/builder:$arch" "armature/run:$arch" "armature/run-tiny:$arch" >/dev/null || true
  done
  docker image prune --force >/dev/null || true
fi
