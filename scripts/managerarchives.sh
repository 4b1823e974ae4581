#!/bin/sh
# Puts the archives of package managers' programs into a folder, verified, for all
# targets: scripts/managerarchives.sh "pnpm-10 yarn-4" build/managers All lines when the
# first is empty. The npm registry is that of this machine's npm.
set -eu
if [ -z "${NPM_CONFIG_REGISTRY:-}" ] && command -v npm >/dev/null 2>&1; then
  NPM_CONFIG_REGISTRY=$(npm config get registry 2>/dev/null)
  export NPM_CONFIG_REGISTRY
fi
lines=$(printf '%s' "$1" | tr -s ' ' ',')
exec "${GO:-go}" run ./tools/managerarchives -lines "$lines" -targets linux/arm64,linux/amd64 -out "$2"
