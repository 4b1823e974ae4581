#!/bin/sh
# Ensures that this machine can run the targets' programs:
#
#   scripts/emulation.sh [linux/arm64|linux/amd64 ...]
#
# For other architectures than the host's, it registers qemu's user-mode
# emulation with the kernel (binfmt_misc).
set -eu

. "$(dirname "$0")/lib.sh"

# register MACHINE MAGIC: qemu for one machine, with the F flag so that the
# interpreter is found from inside containers. The magic is the ELF header of
# a 64-bit little-endian executable or shared object for e_machine.
register() {
  [ ! -e "/proc/sys/fs/binfmt_misc/qemu-$1" ] || return 0
  mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00'"$2"'\x00'
  printf '%s' ":qemu-$1:M::$magic:$mask:/usr/bin/qemu-$1-static:F" >/proc/sys/fs/binfmt_misc/register
}

ensure_emulation() {
  case $1 in
    linux/arm64) machine=aarch64 code='\xb7' ;;
    linux/amd64) machine=x86_64 code='\x3e' ;;
    *) fail unsupported-target "unsupported target \"$1\"" "choose linux/arm64 or linux/amd64." ;;
  esac
  [ "$(uname -m)" != "$machine" ] || return 0
  [ "$(uname -s)" = Linux ] || return 0 # the engine's own virtual machine has it
  [ ! -e "/proc/sys/fs/binfmt_misc/qemu-$machine" ] || return 0
  can_install || fail no-emulation "This host cannot run $1 programs." \
    "as root: apt-get install qemu-user-static binfmt-support (only running $1 images needs it, building them does not)."
  [ -x "/usr/bin/qemu-$machine-static" ] || install qemu-user-static
  [ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
  register "$machine" "$code"
}

for target in "$@"; do ensure_emulation "$target"; done
