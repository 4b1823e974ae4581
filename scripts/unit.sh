#!/bin/sh
# Runs all tests of the module, or of some packages, except those that need an
# engine: scripts/unit.sh PACKAGES [GO-PACKAGE...] Some run the packaged
# buildpacks; the tests of npm-install run the real npm, that of the packaged
# Node.js: a newer one keeps what it compiled of npm, and starts it in two
# thirds of the time.
set -eu

. "$(dirname "$0")/lib.sh"
use_packaged_npm "$PWD/$1"

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

ARMATURE_PACKAGES=$PWD/$1
shift
contract=
# shellcheck disable=SC2046 # a list of packages
[ $# -gt 0 ] || { contract=yes; set -- $(go list ./... | grep -vE '/integration/(pack|armature)$'); }
ARMATURE_TESTS=all
export ARMATURE_PACKAGES ARMATURE_TESTS
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
  go test -vet=off -timeout 30m -v "$@" || status=1
  if [ -n "$contract" ]; then
    wait "$beside" || status=1
    cat build/contract.log
  fi
  return $status
}

echo "  running the unit tests (their log: build/unit.log) ..." >&2
if unit "$@" >build/unit.log 2>&1; then
  report <build/unit.log
  expect_left_out build/unit.log
else
  report <build/unit.log
  exit 1
fi
