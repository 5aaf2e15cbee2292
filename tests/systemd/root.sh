#!/bin/bash
# Builds a root file system whose own systemd boot.sh can start, and tests/vm.sh with a kernel of its own: Debian with systemd, udev,
# a broker and its clients.
#   root.sh DIR [SUITE] [ARCH]       SUITE bookworm by default, ARCH the machine's own
# DIR is complete once it is there; nothing is done then. Run as root, with mmdebstrap; takes about a minute.
set -euo pipefail
dir=$1 suite=${2:-bookworm} arch=${3:-$(dpkg --print-architecture)}
mkdir -p "$(dirname "$dir")"
# Tests that run side by side want the same one.
exec 9> "$dir.lock"
flock 9
if [ -e "$dir/usr/lib/systemd/systemd" ] && [ -e "$dir/bin/udevadm" ]; then exit 0; fi
rm -rf "$dir" "$dir.new"
ssl=libssl3 sources=()
# Debian 11's updates are no longer beside it for every architecture.
if [ "$suite" = bullseye ]; then ssl=libssl1.1 sources=("deb http://deb.debian.org/debian bullseye main"); fi
mmdebstrap --quiet --variant=minbase --architectures="$arch" \
    --include=systemd,udev,dbus,mosquitto,mosquitto-clients,procps,$ssl \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$suite" "$dir.new" "${sources[@]}"
# The broker is started by the tests that want one; nothing else that a container has no use for.
rm -f "$dir.new"/etc/systemd/system/multi-user.target.wants/{mosquitto,remote-fs,e2scrub_reap,networkd-dispatcher}.service
for unit in systemd-logind systemd-networkd systemd-resolved systemd-timesyncd getty@tty1 console-getty; do ln -sf /dev/null "$dir.new/etc/systemd/system/$unit.service"; done
for timer in apt-daily apt-daily-upgrade dpkg-db-backup e2scrub_all fstrim; do ln -sf /dev/null "$dir.new/etc/systemd/system/$timer.timer"; done
: > "$dir.new/etc/machine-id"
mv "$dir.new" "$dir"
