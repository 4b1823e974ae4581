# Shared by the other scripts; sourced, never run.

say() { printf '%s\n' "$*" >&2; }

# fail ID CAUSE REMEDY
fail() {
  say "[$1] $2"
  say "To fix it: $3"
  exit 1
}

# can_install says whether packages can be installed here: apt and root.
can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }

# install PACKAGE...: installs with apt, refreshing its lists first.
install() {
  say "  installing $* ..."
  log=$(mktemp)
  if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail install-failed "apt-get could not install: $*" "mend what apt-get says above, then run this again."
  fi
  rm -f "$log"
}

# need_npm PACKAGES: uses the packaged npm if there is none.
need_npm() { command -v npm >/dev/null 2>&1 || use_packaged_npm "$1"; }

# use_packaged_npm PACKAGES: the packaged node-engine installs Node.js and npm
# below build/, as it would for a build, and they come first on the PATH.
use_packaged_npm() {
  layers=$PWD/build/unit-node
  PATH=$layers/node-build/bin:$PATH
  export PATH
  mkdir -p "$layers/platform/env"
  printf '[[entries]]\nname = "node"\n[entries.metadata]\nbuild = true\n\n[[entries]]\nname = "npm"\n[entries.metadata]\nbuild = true\n' >"$layers/plan.toml"
  (cd "$layers" && CNB_BUILDPACK_DIR=$1/node-engine CNB_LAYERS_DIR=$layers CNB_PLATFORM_DIR=$layers/platform \
    CNB_BP_PLAN_PATH=$layers/plan.toml "$1/node-engine/bin/build" "$layers" "$layers/platform" "$layers/plan.toml") >&2
}

# left_out LOG: the skipped tests in a log of `go test -v`, with their reasons.
left_out() {
  awk '
    /^=== (RUN|CONT|NAME) / { name = $3; next }
    /^ +[^ ]+_test\.go:[0-9]+: / { reason[name] = reason[name] " " substr($0, index($0, ": ") + 2) }
    /--- SKIP: / { print $3 ":" reason[$3] }
  ' "$1"
}

# expect_left_out LOG: in CI, scripts/expected-skips.txt must list every skipped
# test.
expect_left_out() {
  unexpected=$(left_out "$1" | grep -vEf "$(dirname "$0")/expected-skips.txt" || true)
  [ -n "$unexpected" ] || return 0
  say "Left out, and not on the list of scripts/expected-skips.txt:"
  say "$unexpected"
  [ -z "${CI:-}" ] || fail unexpected-skip "tests were left out that CI is to run" "let this machine have what they need, or put them on the list with the reason."
}

# logged LOG COMMAND...: runs a command, shows its output and keeps it.
logged() {
  log=$1
  shift
  mkdir -p "$(dirname "$log")"
  { "$@" 2>&1 || echo $? >"$log.status"; } | tee "$log"
  [ ! -e "$log.status" ] || {
    status=$(cat "$log.status")
    rm -f "$log.status"
    return "$status"
  }
}
