#!/bin/sh
# Every test of the module but those that need an engine: scripts/unit.sh PACKAGES
# Some run the packaged buildpacks. The tests of npm-install run the real npm:
# where there is none, the packaged node-engine installs one below build/, as it
# would for a build.
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

# A package that fails is shown whole; of the others, what they left out and
# why.
report() {
  awk '
    /^=== RUN/ { name = $3 }
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
export ARMATURE_PACKAGES
mkdir -p build
echo "  running the unit tests (their log: build/unit.log) ..." >&2
# shellcheck disable=SC2046 # a list of packages
if go test -v $(go list ./... | grep -v '/integration$') >build/unit.log 2>&1; then
  report <build/unit.log
else
  report <build/unit.log
  exit 1
fi
