#!/bin/sh
# Fuzzes every reader of untrusted input for some time each: scripts/fuzz.sh
# 30s. Failing inputs go to testdata/fuzz next to the test, and every later `go
# test` runs them. Minimizing is limited to a few tries: by default Go takes up
# to a minute per input, which leaves little time to find others.
set -eu

for file in $(git grep -l '^func Fuzz' -- '*_test.go'); do
  for name in $(sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' "$file"); do
    echo "  fuzzing $(dirname "$file") $name for $1 ..." >&2
    CGO_ENABLED=0 nice go test -run '^$' -fuzz "^$name\$" -fuzztime "$1" -fuzzminimizetime 50x "./$(dirname "$file")"
  done
done
