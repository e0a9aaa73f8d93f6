#!/bin/sh
# Runs a command in a root directory, in namespaces of its own: what it mounts and starts ends with
# it, and nothing is left in the root. The working directory given appears as /mnt.
#
# Usage: run_in_root.sh <root> <working directory> <command> [<argument>...]
set -eu

if [ "${1:-}" != --inside ]; then
  exec unshare --mount --pid --net --fork --kill-child "$0" --inside "$@"
fi
shift
root=$1
work=$2
shift 2

mount --make-rprivate /
# Seen from here only, and read-only but for the places below.
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
mount --bind "$work" "$root/mnt"
# Not exec: this shell is process 1 of the namespace and must reap what libvirt's QEMU probes leave;
# libvirt takes a zombie for a process that still runs and would wait for it for ever.
chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C HOME=/tmp "$@"
