#!/bin/sh
# Profiles the most expensive parts with real inputs: scripts/profile.sh
# PACKAGES BUILDER ARCHIVES
set -eu
. "$(dirname "$0")/lib.sh"

packages=$PWD/$1
ARMATURE_PROFILE_BUILDER=$PWD/$2
ARMATURE_PROFILE_ARCHIVES=$PWD/$3
ARMATURE_PROFILE_APP=$PWD/build/profiles/app
export ARMATURE_PROFILE_BUILDER ARMATURE_PROFILE_ARCHIVES ARMATURE_PROFILE_APP
mkdir -p build/profiles

if [ ! -e "$ARMATURE_PROFILE_APP/.done" ]; then
  need_npm "$packages"
  say "  installing an app of many packages ..."
  rm -rf "$ARMATURE_PROFILE_APP"
  cp -R integration/testdata/verdaccio "$ARMATURE_PROFILE_APP"
  (cd "$ARMATURE_PROFILE_APP" && npm ci --ignore-scripts --no-audit --no-fund >&2)
  touch "$ARMATURE_PROFILE_APP/.done"
fi

# profile NAME PACKAGE BENCHMARK TIMES
profile() {
  say "  $1 ..."
  go test -run '^$' -bench "^$3\$" -benchtime "$4" -benchmem \
    -cpuprofile "build/profiles/$1.cpu.pprof" -memprofile "build/profiles/$1.alloc.pprof" -memprofilerate 65536 \
    -o "build/profiles/$1.test" "$2" >"build/profiles/$1.bench.txt" ||
    fail profile-failed "the benchmark of $1 failed: $(tail -n 5 "build/profiles/$1.bench.txt")" "mend what it says."
  {
    grep -E '^Benchmark' "build/profiles/$1.bench.txt"
    echo
    go tool pprof -top -nodecount 15 "build/profiles/$1.test" "build/profiles/$1.cpu.pprof" 2>/dev/null
    echo
    go tool pprof -sample_index alloc_space -top -nodecount 10 "build/profiles/$1.test" "build/profiles/$1.alloc.pprof" 2>/dev/null
  } >"build/profiles/$1.txt"
  rm -f "build/profiles/$1.bench.txt" "build/profiles/$1.test"
}

profile armature-unpack ./platform/internal/rootfs BenchmarkUnpack 1x
profile armature-copy ./platform/internal/source BenchmarkCopy 1x
profile armature-registry ./platform/internal/loopback BenchmarkPut 3x
profile armature-output ./platform/internal/destination BenchmarkWrite 3x
profile node-engine ./buildpacks/node-engine BenchmarkInstall 2x
profile lockfile ./internal/deps/npmlock BenchmarkRead 3x
profile modules ./internal/modules BenchmarkOwnWork 2x

for list in build/profiles/*.txt; do
  echo "== ${list#build/profiles/}"
  # The measurement, and the processor time by function.
  awk '/^Benchmark/ { print "  " $0 } /flat%/ && !seen++ { top = 1 } top && /^$/ { top = 0 } top && n++ < 9 { print "  " $0 }' "$list"
done
say "  profiles and longer lists: build/profiles (go tool pprof -http : FILE)"
