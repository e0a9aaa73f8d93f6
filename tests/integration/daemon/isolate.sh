#!/usr/bin/env bash
# Runs a command where its processes, network, mounts and scratch directory are its own:
#
#   isolate.sh COMMAND [ARG...]
#
# Inside, /mnt is an empty tmpfs for scratch files (its short name leaves room for socket paths), and
# the network has loopback and one interface with a default route that leads nowhere, which is what
# passt wants to see. When COMMAND ends, everything that was started inside ends with it.
# Exit status: that of COMMAND; 77 if this machine cannot do it.
set -euo pipefail

readonly skip=77

skip() { printf 'isolate: %s\n' "$*" >&2; exit "$skip"; }

# Addresses reserved for documentation: nothing real can be meant.
make_network() {
  ip link set lo up
  ip link add ext0 type veth peer name ext1
  ip address add 192.0.2.2/24 dev ext0
  ip link set ext1 up
  ip link set ext0 up
  ip route add default via 192.0.2.1
}

# swtpm_setup certifies the keys of new TPMs, and keeps the CA it makes for that.
hide_local_ca() {
  local dir=/var/lib/swtpm-localca
  [[ ! -d $dir ]] || mount -t tmpfs -o "mode=0750,$(stat -c 'uid=%u,gid=%g' "$dir")" tmpfs "$dir"
}

if [[ ${COCOS_ISOLATED:-} == entering ]]; then
  export COCOS_ISOLATED=yes
  mount -t tmpfs -o mode=0755 tmpfs /mnt
  hide_local_ca
  make_network
  # Not exec: process 1 must stay, to collect orphans.
  status=0
  "$@" || status=$?
  exit "$status"
fi

[[ $# -gt 0 ]] || { echo "usage: isolate.sh COMMAND [ARG...]" >&2; exit 2; }
[[ $(id -u) -eq 0 ]] || skip "needs root"
for program in unshare ip; do
  command -v "$program" >/dev/null || skip "$program is not installed"
done
COCOS_ISOLATED=entering exec unshare --mount --pid --net --ipc --fork --kill-child --mount-proc -- \
  "$(realpath "${BASH_SOURCE[0]}")" "$@"
