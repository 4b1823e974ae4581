#!/bin/sh
# Runs targets of make one after the other, until one fails, and says how long
# each took: scripts/stages.sh MAKE TARGET...
set -eu
make=$1
shift
times='' status=0
for stage; do
  start=$(date +%s)
  # shellcheck disable=SC2086 # the program, and its flags
  $make --no-print-directory "$stage" || status=$?
  times="$times$(printf '  %-20s %5d s' "$stage" $(($(date +%s) - start)))
"
  [ "$status" = 0 ] || break
done
printf '%s' "$times" >&2
exit "$status"
