#!/bin/sh
# Runs the tests of all package managers with their real programs, part by part, and
# prints a table of what passed: scripts/managers.sh PACKAGES [PART...]
#
#   programs  choosing, fetching and checking the programs of every line
#   lockfiles the lockfiles' parsers
#   installs  builds of small apps and monorepos, for both targets
#   corpus    the public apps below CORPUS, for both targets; left out without it
#   images    images for both targets, started with armature run
#
# Each part has a log in build/manager-tests, and ends after 50 minutes.
set -eu

. "$(dirname "$0")/lib.sh"
packages=$PWD/$1
shift
[ $# -gt 0 ] || set -- programs lockfiles installs corpus images
use_packaged_npm "$packages"
ARMATURE_PACKAGES=$packages ARMATURE_TESTS=all ARMATURE_MANAGERS=all
export ARMATURE_PACKAGES ARMATURE_TESTS ARMATURE_MANAGERS
logs=build/manager-tests
mkdir -p "$logs"
status=0 ran=

# part NAME ARGUMENT...: the tests of one part.
part() {
  name=$1
  shift
  say "  running the part $name (its log: $logs/$name.log) ..."
  ran="$ran $logs/$name.log"
  go test -vet=off -tags managers -p 1 -count=1 -timeout 50m -v "$@" >"$logs/$name.log" 2>&1 || {
    status=1
    grep -B 40 -E '^ *--- FAIL|^panic|^FAIL' "$logs/$name.log" | tail -n 200 >&2
  }
}

for one in "$@"; do
  case $one in
    programs) part programs ./buildpacks/npm-install/internal/... ;;
    lockfiles) part lockfiles ./internal/deps/... ;;
    installs) part installs -run 'PNPM|Yarn|Bun|Nx|Turborepo|Manager|PrivateRegistry' ./buildpacks/npm-install ;;
    corpus) [ -z "${CORPUS:-}" ] || part corpus -run '^TestTheCorpus$' ./buildpacks/npm-install ;;
    images) CGO_ENABLED=0 part images -run '^TestEveryManagers' ./integration/armature ;;
    *) fail usage "unknown part \"$one\"" "name some of programs, lockfiles, installs, corpus, images." ;;
  esac
done

# The table has a line for each manager and test: how many of its cases passed,
# failed, and were left out.
# shellcheck disable=SC2086 # a list of logs
awk '
  function manager(name,   text, found) {
    text = tolower(name)
    if (match(text, /(pnpm|yarn|bun)[_@ ]?[0-9]+/)) {
      found = substr(text, RSTART, RLENGTH)
      gsub(/[_@ ]/, "", found)
    } else if (match(text, /pnpm|yarn|bun|turborepo|nx|npm/)) found = substr(text, RSTART, RLENGTH)
    return found
  }
  /--- (PASS|FAIL|SKIP): / {
    outcome = $2; sub(":", "", outcome)
    outcomes[$3] = outcome
    above = $3
    while (sub("/[^/]*$", "", above)) parents[above] = 1
  }
  END {
    for (name in outcomes) {
      if (name in parents || manager(name) == "") continue
      top = name; sub("/.*", "", top)
      key = manager(name) "\t" top
      count[key, outcomes[name]]++
      all[key] = 1
    }
    for (key in all) printf "%s\t%d\t%d\t%d\n", key, count[key, "PASS"], count[key, "FAIL"], count[key, "SKIP"]
  }
' $ran | sort | awk -F'\t' 'BEGIN { printf "%-10s %-70s %6s %6s %8s\n", "manager", "test", "passed", "failed", "left out" } { printf "%-10s %-70s %6s %6s %8s\n", $1, $2, $3, $4, $5 }'
[ "$status" = 0 ] || fail managers-failed "tests of package managers failed" "the logs in $logs say which."
