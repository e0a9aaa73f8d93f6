#!/usr/bin/env bash
# Builds a small guest that boots in seconds: Debian's kernel, the few modules it needs, busybox and
# the test agent. README.md describes what it does once it runs.
#
# usage: build-guest.sh OUTDIR [--agent PATH] [--cache DIR]
#   OUTDIR        gets bzImage and rootfs.cpio.gz
#   --agent PATH  cocos-test-agent; without it the guest boots without an agent
#   --cache DIR   keeps the downloaded kernel (default: ~/.cache/cocos-guest)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
say() { printf 'build-guest: %s\n' "$*"; }
die() { printf 'build-guest: %s\n' "$*" >&2; exit 1; }

# Loaded at boot, in this order, after what they depend on. Names that are built into the kernel are
# skipped.
modules=(virtio_pci virtio_net 9pnet_virtio 9p virtio_rng button evdev pvpanic-pci)

parse_arguments() {
  outdir='' agent='' cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/cocos-guest
  while [[ $# -gt 0 ]]; do
    case $1 in
      --agent) agent=${2:?--agent wants a path}; shift 2 ;;
      --cache) cache=${2:?--cache wants a directory}; shift 2 ;;
      -*) die "unknown option $1: want OUTDIR [--agent PATH] [--cache DIR]" ;;
      *) [[ -z $outdir ]] || die "unexpected argument $1: one OUTDIR is enough"; outdir=$1; shift ;;
    esac
  done
  [[ -n $outdir ]] || die "want OUTDIR [--agent PATH] [--cache DIR]"
  [[ -z $agent || -x $agent ]] || die "--agent $agent: not an executable file"
}

require_tools() {
  local tool
  for tool in apt-cache apt-get busybox cpio depmod dpkg-deb ldd modprobe python3 strip; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || die "$tool is missing: run scripts/setup"
  done
  # A busybox that needs libraries would not start in the guest.
  if ldd "$(command -v busybox)" >/dev/null 2>&1; then
    die "busybox is not static: install busybox-static"
  fi
}

# The package linux-image-amd64 stands for, e.g. linux-image-6.1.0-40-amd64.
kernel_package() {
  apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1
}

# Leaves the unpacked kernel package in $kernel_tree; only the first time it is downloaded.
fetch_kernel() {
  local package unpacking
  package=$(kernel_package)
  [[ -n $package ]] || die "apt knows no linux-image-amd64: run apt-get update"
  kernel_tree=$cache/$package
  [[ ! -d $kernel_tree ]] || return 0
  say "downloading $package"
  mkdir -p "$cache"
  unpacking=$(mktemp -d "$cache/unpacking.XXXXXX")
  (cd "$unpacking" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$package")
  dpkg-deb --extract "$unpacking"/*.deb "$unpacking/tree"
  if [[ -d $unpacking/tree/usr/lib/modules && ! -d $unpacking/tree/lib/modules ]]; then
    mkdir -p "$unpacking/tree/lib"
    mv "$unpacking/tree/usr/lib/modules" "$unpacking/tree/lib/modules"
  fi
  depmod --basedir "$unpacking/tree" "$(ls "$unpacking/tree/lib/modules")"
  # Another build may have been faster; its tree is as good as ours.
  mv --no-target-directory "$unpacking/tree" "$kernel_tree" 2>/dev/null || [[ -d $kernel_tree ]]
  rm -rf "$unpacking"
}

# Copies the modules, decompressed, and writes the order in which to load them.
add_modules() {
  local root=$1 version name file
  version=$(ls "$kernel_tree/lib/modules")
  mkdir -p "$root/modules"
  for name in "${modules[@]}"; do
    modprobe --dirname "$kernel_tree" --set-version "$version" --show-depends "$name" 2>/dev/null |
      sed -n 's/^insmod \([^ ]*\).*/\1/p' || say "module $name: not in this kernel, left out"
  done | awk '!seen[$0]++' | while read -r file; do
    case $file in
      *.xz) xz --decompress --stdout "$file" >"$root/modules/$(basename "$file" .xz)" ;;
      *.zst) zstd --quiet --decompress --stdout "$file" >"$root/modules/$(basename "$file" .zst)" ;;
      *) cp "$file" "$root/modules/" ;;
    esac
    basename "$file" | sed 's/\.ko.*/.ko/' >>"$root/modules/order"
  done
}

add_busybox() {
  local root=$1 applet
  cp "$(command -v busybox)" "$root/bin/busybox"
  for applet in $("$root/bin/busybox" --list); do
    [[ $applet == busybox ]] || ln -s busybox "$root/bin/$applet"
  done
}

# The agent, its libraries and their loader, each where it expects it.
add_agent() {
  local root=$1 library
  strip --strip-all -o "$root/bin/cocos-test-agent" "$agent"
  chmod 755 "$root/bin/cocos-test-agent"
  if ! ldd "$agent" >/dev/null 2>&1; then return; fi  # static
  if ldd "$agent" | grep -q 'not found'; then die "$agent: $(ldd "$agent" | grep 'not found' | head -n 1)"; fi
  ldd "$agent" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    strip --strip-unneeded -o "$root$library" "$library" 2>/dev/null || cp -L "$library" "$root$library"
    chmod 755 "$root$library"
  done
}

build_root() {
  local root=$1
  mkdir -p "$root"/{bin,dev,proc,sys,tmp,run,etc/certs,etc/cocos,etc/test-tee,cocos}
  chmod 755 "$root"
  cp -R "$here/rootfs/." "$root/"
  chmod 755 "$root/init" "$root/etc/udhcpc.script" "$root/etc/acpi/PWRF/00000080"
  add_busybox "$root"
  add_modules "$root"
  [[ -z $agent ]] || add_agent "$root"
}

# A gzip file without compression: an emulated guest needs a second or two to decompress.
store_gzip() {
  python3 -c '
import gzip, shutil, sys
with gzip.GzipFile(filename="", fileobj=sys.stdout.buffer, mode="wb", compresslevel=0, mtime=0) as out:
    shutil.copyfileobj(sys.stdin.buffer, out)'
}

pack() {
  local root=$1 archive=$2
  (cd "$root" && find . -print0 | LC_ALL=C sort -z | cpio --null --create --quiet --format=newc --owner=0:0) |
    store_gzip >"$archive"
}

PATH=$PATH:/usr/sbin:/sbin
parse_arguments "$@"
require_tools
fetch_kernel
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build_root "$work/root"
mkdir -p "$outdir"
cp "$kernel_tree"/boot/vmlinuz-* "$outdir/bzImage.new"
pack "$work/root" "$outdir/rootfs.cpio.gz.new"
chmod 644 "$outdir/bzImage.new" "$outdir/rootfs.cpio.gz.new"
mv "$outdir/bzImage.new" "$outdir/bzImage"
mv "$outdir/rootfs.cpio.gz.new" "$outdir/rootfs.cpio.gz"
say "$outdir/bzImage ($(stat -c %s "$outdir/bzImage") bytes), $outdir/rootfs.cpio.gz ($(stat -c %s "$outdir/rootfs.cpio.gz") bytes)"
