#!/bin/sh
# Fuzzes everything that reads what others wrote, one after the other, each for
# a time: scripts/fuzz.sh 30s. What is found lands in testdata/fuzz beside the
# test, and is tried by every later `go test`. An input that reaches new code is
# made smaller with a few tries: Go by itself takes up to a minute for each, which
# leaves little time to look for others.
set -eu

for file in $(git grep -l '^func Fuzz' -- '*_test.go'); do
  for name in $(sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' "$file"); do
    echo "  fuzzing $(dirname "$file") $name for $1 ..." >&2
    CGO_ENABLED=0 nice go test -run '^$' -fuzz "^$name\$" -fuzztime "$1" -fuzzminimizetime 50x "./$(dirname "$file")"
  done
done
