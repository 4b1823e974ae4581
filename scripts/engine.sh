#!/bin/sh
# Ensures that a Docker engine answers and can run the target's binaries.
#
#   scripts/engine.sh [linux/arm64|linux/amd64 ...]
#
# It uses a running engine. Otherwise, on Debian and Ubuntu as root, it installs
# and starts docker.io; elsewhere it fails with the remedy. scripts/emulation.sh
# prepares the targets.
set -eu

. "$(dirname "$0")/lib.sh"

give_up() { fail no-docker-engine "No Docker engine answers${DOCKER_HOST:+ at $DOCKER_HOST}." "$*"; }
answers() { command -v docker >/dev/null 2>&1 && timeout 20 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

start_engine() {
  if [ -d /run/systemd/system ] && systemctl start docker >/dev/null 2>&1; then
    return
  fi
  mkdir -p build
  say "Starting dockerd (its log: build/dockerd.log) ..."
  setsid nohup dockerd >build/dockerd.log 2>&1 </dev/null &
}

ensure_engine() {
  if answers; then return; fi
  [ -z "${DOCKER_HOST:-}" ] || give_up "start the engine that DOCKER_HOST names, or unset DOCKER_HOST."
  if ! command -v dockerd >/dev/null 2>&1; then
    [ "$(uname -s)" = Linux ] || give_up "install and start Docker Desktop, OrbStack, Colima or Podman with its Docker socket, then run this again."
    can_install || give_up "install Docker (on Debian or Ubuntu: run this again as root and it is done for you), or start the engine you have."
    say "No Docker engine answers here."
    install docker.io iptables
  fi
  [ "$(id -u)" = 0 ] || give_up "start the engine: sudo systemctl start docker (or sudo dockerd), and see that your user may use it."
  start_engine
  waited=0
  until answers; do
    waited=$((waited + 1))
    if [ "$waited" -gt 60 ]; then
      [ ! -f build/dockerd.log ] || tail -n 20 build/dockerd.log >&2
      give_up "dockerd was started but did not answer within 60 s; its last words are above."
    fi
    sleep 1
  done
  say "Docker engine $(docker version --format '{{.Server.Version}}') answers."
}

"$(dirname "$0")/emulation.sh" "$@"
ensure_engine
