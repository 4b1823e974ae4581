#!/bin/sh
# Runs tests of the module that need no engine, in two parts, so that the first
# can run while make makes what the second needs:
#
#   scripts/unit.sh                          the packages that need nothing made
#   scripts/unit.sh PACKAGES [GO-PACKAGE...] the others, or those that are named
#
# Those run the packaged buildpacks, look into the stack's images, or run the real
# npm, that of the packaged Node.js: a newer one keeps what it compiled of npm, and
# starts it in two thirds of the time.
set -eu

. "$(dirname "$0")/lib.sh"

# Packages of the second part.
second='/armature/(stack|buildpacks|buildpacks/(node-engine|npm-start|npm-install).*|internal/(npmregistry|npmtree/install|node/npmrange|node/npmrc)|tools/(builder|noderelease))$'

# Shows the whole output of a failed package; for the others, skipped tests and
# their reasons.
report() {
  awk '
    /^=== (RUN|CONT|NAME) / { name = $3 }
    /^=== / { next }
    /^ok / || /^FAIL\t/ || /^\?/ {
      if ($1 == "FAIL") printf "%s", whole
      printf "%s", skipped
      print
      whole = skipped = ""
      next
    }
    { whole = whole $0 "\n" }
    /--- SKIP: / {
      skipped = skipped "left out: " $3 ":" reason[$3] "\n"
      next
    }
    /^ +[^ ]+_test\.go:[0-9]+: / { reason[name] = reason[name] " " substr($0, index($0, ": ") + 2) }
    END { printf "%s", whole }
  '
}

contract='' parallel='' log=build/unit.log
if [ $# = 0 ]; then
  log=build/unit-first.log
  # shellcheck disable=SC2046 # a list of packages
  set -- $(go list ./... | grep -vE "/integration/(pack|armature)\$|$second")
else
  use_packaged_npm "$PWD/$1"
  parallel='-parallel 4' # more than processors: npm waits for registries
  ARMATURE_PACKAGES=$PWD/$1
  export ARMATURE_PACKAGES
  shift
  # shellcheck disable=SC2046 # a list of packages
  [ $# -gt 0 ] || { contract=yes; set -- $(go list ./... | grep -E "$second"); }
fi
ARMATURE_TESTS=all
export ARMATURE_TESTS
mkdir -p build

# unit GO-PACKAGE...: -vet=off, since make check vets, and more thoroughly. The
# contract tests are a separate module with the lifecycle; they run in parallel
# with the others.
unit() {
  status=0
  if [ -n "$contract" ]; then
    go test -C integration/contract -vet=off -timeout 30m -v ./... >build/contract.log 2>&1 &
    beside=$!
  fi
  # shellcheck disable=SC2086 # a flag, or nothing
  go test -vet=off -timeout 30m $parallel -v "$@" || status=1
  if [ -n "$contract" ]; then
    wait "$beside" || status=1
    cat build/contract.log
  fi
  return $status
}

echo "  running unit tests (their log: $log) ..." >&2
if unit "$@" >"$log" 2>&1; then
  report <"$log"
  expect_left_out "$log"
else
  report <"$log"
  exit 1
fi
