#!/bin/bash
# Runs a command in a root file system that is thrown away afterwards: what it writes lies in memory, and goes with it. As root.
#   tests/packages/enter.sh ROOT FOLDER USER COMMAND...
# FOLDER is seen as /packages, read-only; USER is a number, 0 for root. There is no network and no systemd.
set -euo pipefail
root=$(readlink -f "$1") folder=$(readlink -f "$2")
shift 2
cpuinfo=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../arm64/cpuinfo")
export cpuinfo
exec unshare --mount --pid --net --fork --kill-child bash -euo pipefail -s "$root" "$folder" "$@" << 'INSIDE'
root=$1 folder=$2 user=$3
shift 3
mount --make-rprivate /
mount -t tmpfs -o mode=755,size=1536M tmpfs /run
mkdir /run/upper /run/work /run/root
chmod 755 /run/upper
mount -t overlay overlay -o "lowerdir=$root,upperdir=/run/upper,workdir=/run/work" /run/root
mkdir -p /run/root/packages /run/root/proc /run/root/dev
mount --bind "$folder" /run/root/packages
mount -o remount,ro,bind /run/root/packages
mount -t proc proc /run/root/proc
# Under emulation ONNX Runtime would read what this machine's processor can do.
if [ -e /run/root/lib/ld-linux-aarch64.so.1 ] && [ "$(uname -m)" != aarch64 ]; then mount --bind "$cpuinfo" /run/root/proc/cpuinfo; fi
for device in null zero full random urandom; do
    [ -e "/run/root/dev/$device" ] || : > "/run/root/dev/$device"
    mount --bind "/dev/$device" "/run/root/dev/$device"
done
ip link set lo up 2> /dev/null || true
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive chroot --userspec="$user:$user" /run/root "$@" < /dev/null
INSIDE
