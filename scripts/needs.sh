#!/bin/sh
# Ensures that the programs for a job are installed:
#
#   scripts/needs.sh stack          what making build and run images needs
#   scripts/needs.sh verify-arm64   what booting an arm64 kernel needs, besides
#
# As root on Debian and Ubuntu it installs missing packages; elsewhere it fails
# with their names.
set -eu
. "$(dirname "$0")/lib.sh"

# need PROGRAM-OR-FILE PACKAGE
need() {
  case $1 in
    /*) [ ! -e "$1" ] || return 0 ;;
    *) ! command -v "$1" >/dev/null 2>&1 || return 0 ;;
  esac
  missing="${missing:+$missing }$2"
}

missing=
for job in "$@"; do
  case $job in
    stack)
      need mmdebstrap mmdebstrap
      need /usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
      need openssl openssl
      ;;
    verify-arm64)
      need mmdebstrap mmdebstrap
      need /usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
      need qemu-system-aarch64 qemu-system-arm
      ;;
    *) fail usage "unknown job \"$job\"" "name stack or verify-arm64." ;;
  esac
done
[ -n "$missing" ] || exit 0
if ! can_install; then
  command -v apt-get >/dev/null 2>&1 || fail not-debian "$* needs Debian's or Ubuntu's tools: $missing" \
    "run this on Debian or Ubuntu, or in a container of either."
  fail packages-missing "$* needs packages that are not installed: $missing" "as root: apt-get install $missing"
fi
# shellcheck disable=SC2086 # a list of package names
install $missing
