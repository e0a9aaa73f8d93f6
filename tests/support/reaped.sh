#!/usr/bin/env bash
# Runs a command beside a process 1 that collects orphans at once:
#
#   reaped.sh COMMAND [ARG...]
#
# libvirt's embedded driver makes QEMU a daemon and, having ended it, waits until it is collected: up
# to 15 s each time under a container's process 1 that is slow at it. When COMMAND ends, so does
# everything that was started. Without root the command runs as it is. Exit status: that of COMMAND.
set -euo pipefail

[[ $# -gt 0 ]] || { echo "usage: reaped.sh COMMAND [ARG...]" >&2; exit 2; }
if [[ $(id -u) -ne 0 ]]; then
  exec "$@"
fi
# bash stays as process 1, and collects what it never started. The inner one expands its words.
# shellcheck disable=SC2016
exec unshare --mount --pid --fork --kill-child --mount-proc -- \
  bash -c 'status=0; "$@" || status=$?; exit "$status"' reaped "$@"
