#!/bin/sh
# Every test of the module but those that need an engine: scripts/unit.sh PACKAGES
# The tests of npm-install run the real npm. Where there is none, the packaged
# node-engine installs one below build/, as it would for a build.
set -eu

install_node() {
  layers=$PWD/build/unit-node
  [ ! -x "$layers/node-build/bin/npm" ] || return 0
  mkdir -p "$layers/platform/env"
  printf '[[entries]]\nname = "node"\n[entries.metadata]\nbuild = true\n\n[[entries]]\nname = "npm"\n[entries.metadata]\nbuild = true\n' >"$layers/plan.toml"
  (cd "$layers" && CNB_BUILDPACK_DIR=$1/node-engine CNB_LAYERS_DIR=$layers CNB_PLATFORM_DIR=$layers/platform \
    CNB_BP_PLAN_PATH=$layers/plan.toml "$1/node-engine/bin/build" "$layers" "$layers/platform" "$layers/plan.toml") >&2
}

if ! command -v npm >/dev/null 2>&1; then
  install_node "$PWD/$1"
  PATH=$PWD/build/unit-node/node-build/bin:$PATH
  export PATH
fi
# shellcheck disable=SC2046 # a list of packages
go test $(go list ./... | grep -v '/integration$')
