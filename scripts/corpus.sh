#!/bin/sh
# Runs the corpus with the packaged Node.js and npm, whose generators need a new one:
#
#   scripts/corpus.sh PACKAGES FLAG...
set -eu
. "$(dirname "$0")/lib.sh"

packages=$1
shift
use_packaged_npm "$packages"
exec go run ./tools/corpus "$@"
