#!/bin/sh
# Makes a Debian forky root with its libvirt and QEMU, in which the tests convert domains that the
# installed libvirt does not know yet. About half a minute and 400 MB; a root that is there already
# is kept. Needs root, mmdebstrap and a Debian mirror.
#
# Usage: make_forky_root.sh <directory>
#   COCOS_DEBIAN_MIRROR  mirror to use instead of mmdebstrap's own choice
set -eu

[ $# -eq 1 ] || { echo "usage: $0 <directory>" >&2; exit 64; }
root=$1
packages=libvirt-daemon-system,libvirt-daemon-driver-qemu,libvirt-clients,qemu-system-x86,passt
packages=$packages,ovmf,ovmf-amdsev,ovmf-inteltdx
# Change this with the recipe: a root made by another one is made anew.
recipe="1 forky $packages"

mkdir -p "$(dirname "$root")"
exec 9>"$root.lock"
flock 9

if [ "$(cat "$root/.recipe" 2>/dev/null)" = "$recipe" ]; then
  exit 0
fi

partial="$root.partial"
rm -rf --one-file-system "$partial" "$root"
trap 'rm -rf --one-file-system "$partial"' EXIT INT TERM

# A mirror that lags behind serves a Release file past its date. For a root that never leaves this
# test an old one is as good; its signature is checked all the same.
mmdebstrap --quiet --variant=apt --include="$packages" \
  --aptopt='Acquire::Check-Valid-Until "false"' \
  forky "$partial" ${COCOS_DEBIAN_MIRROR:+"$COCOS_DEBIAN_MIRROR"}

echo "$recipe" > "$partial/.recipe"
mv "$partial" "$root"
trap - EXIT INT TERM
