#!/usr/bin/env bash
# Runs a command with a libvirtd of its own, without systemd and D-Bus and without touching the
# machine's libvirt:
#
#   private_libvirtd.sh COMMAND [ARG...]
#
# COMMAND finds qemu:///system at work. It runs in mount and PID namespaces in which /run/libvirt,
# /var/lib/libvirt, /var/log/libvirt, /var/log/swtpm, /var/cache/libvirt and /etc/libvirt are empty
# and private; the network is the machine's. When COMMAND ends, so does everything that was started,
# guests included.
# Exit status: that of COMMAND; 77 if this machine cannot do it (not root, libvirtd not installed).
#
# COMMAND, or whatever it runs, controls the daemon with the program named by COCOS_LIBVIRTD_CONTROL:
#
#   "$COCOS_LIBVIRTD_CONTROL" stop      SIGTERM (SIGKILL if it hangs), returns when the daemon is gone
#   "$COCOS_LIBVIRTD_CONTROL" kill      SIGKILL, likewise
#   "$COCOS_LIBVIRTD_CONTROL" start     returns when the daemon answers
#   "$COCOS_LIBVIRTD_CONTROL" restart   stop, start
#   "$COCOS_LIBVIRTD_CONTROL" freeze    SIGSTOP
#   "$COCOS_LIBVIRTD_CONTROL" thaw      SIGCONT
#   "$COCOS_LIBVIRTD_CONTROL" wipe      what a reboot does to it: guests and daemon killed, /run emptied
set -euo pipefail

readonly private_dirs=(/run/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt /var/log/swtpm)
readonly libvirtd_pid=/run/libvirt/private-libvirtd.pid
readonly virtlogd_pid=/run/libvirt/private-virtlogd.pid
readonly skip=77

die() { printf 'private_libvirtd: %s\n' "$*" >&2; exit 1; }
skip() { printf 'private_libvirtd: %s\n' "$*" >&2; exit "$skip"; }

# within SECONDS COMMAND...: runs the command until it succeeds.
within() {
  local tries=$(($1 * 20))
  shift
  for (( ; tries > 0; tries--)); do
    "$@" && return
    sleep 0.05
  done
  return 1
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }
answers() { virsh --quiet --connect qemu:///system version >/dev/null 2>&1; }

start_daemon() {
  libvirtd --daemon --pid-file "$libvirtd_pid"
  within 20 answers || die "libvirtd does not answer; see /var/log/libvirt in the namespace"
}

end_daemon() {
  local signal=$1 pid
  pid=$(<"$libvirtd_pid")
  kill "-$signal" "$pid"
  # About one stop in twenty of libvirt 11.3 deadlocks in its node device driver; it would give up
  # after 30 s. Its sockets are closed by then, so that clients cannot tell.
  within 2 is_gone "$pid" || kill -KILL "$pid"
  within 5 is_gone "$pid" || die "libvirtd ($pid) does not end"
  rm -f "$libvirtd_pid"
}

kill_guests() {
  local file
  for file in /run/libvirt/qemu/*.pid; do
    [[ $file == */driver.pid || ! -e $file ]] || kill -KILL "$(<"$file")" 2>/dev/null || true
  done
}

control() {
  case ${1:-} in
    stop) end_daemon TERM ;;
    kill) end_daemon KILL ;;
    start) start_daemon ;;
    restart) end_daemon TERM; start_daemon ;;
    freeze) kill -STOP "$(<"$libvirtd_pid")" ;;
    thaw) kill -CONT "$(<"$libvirtd_pid")" ;;
    wipe)
      end_daemon KILL
      kill_guests
      rm -rf /run/libvirt/qemu /run/libvirt/libvirt-sock*
      ;;
    *) die "unknown control command \"${1:-}\"; want stop, kill, start, restart, freeze, thaw or wipe" ;;
  esac
}

# Inside the namespaces, as their process 1.
run_inside() {
  local dir status=0
  # QEMU's own user must get through /var/lib/libvirt and /run/libvirt.
  for dir in "${private_dirs[@]}"; do mount -t tmpfs -o mode=0755 tmpfs "$dir"; done
  mkdir -p /run/lock /var/lib/libvirt/qemu /var/log/libvirt/qemu
  printf '%s\n' 'auth_unix_rw = "none"' 'auth_unix_ro = "none"' >/etc/libvirt/libvirtd.conf
  : >/etc/libvirt/qemu.conf
  virtlogd --daemon --pid-file "$virtlogd_pid"
  start_daemon
  # Not exec: process 1 must stay, to collect orphans.
  "$@" || status=$?
  exit "$status"
}

if [[ ${COCOS_PRIVATE_LIBVIRTD:-} == control ]]; then
  control "$@"
  exit
fi
if [[ ${COCOS_PRIVATE_LIBVIRTD:-} == inside ]]; then
  export COCOS_PRIVATE_LIBVIRTD=control
  run_inside "$@"
fi

[[ $# -gt 0 ]] || die "usage: private_libvirtd.sh COMMAND [ARG...]"
[[ $(id -u) -eq 0 ]] || skip "needs root"
for program in libvirtd virtlogd virsh unshare; do
  command -v "$program" >/dev/null || skip "$program is not installed"
done
mkdir -p "${private_dirs[@]}"
COCOS_LIBVIRTD_CONTROL=$(realpath "${BASH_SOURCE[0]}")
export COCOS_LIBVIRTD_CONTROL COCOS_PRIVATE_LIBVIRTD=inside
# Killing this script, in whatever way, ends process 1 of the namespace and so all there is in it.
exec unshare --mount --pid --fork --kill-child --mount-proc -- "$COCOS_LIBVIRTD_CONTROL" "$@"
