# Shared by the scripts beside it; sourced, never run.

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
