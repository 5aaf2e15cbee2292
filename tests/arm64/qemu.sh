#!/bin/bash
# Runs an arm64 program under qemu-user as on a Debian 11 device: tests/arm64/qemu.sh PROGRAM ARGUMENT…
# The root that it sees first is artifacts/arm64-root: the sysroot of publish.sh, and an ARM /proc/cpuinfo, because ONNX Runtime reads
# the host's otherwise and ends with a segmentation fault. Files that are not there are the host's own.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
sysroot=$repository/artifacts/sysroot/linux-arm64
root=$repository/artifacts/arm64-root

if [ ! -e "$sysroot/.stamp" ]; then "$repository/packaging/sysroot.sh" linux-arm64 >&2; fi
if ! cmp -s "$sysroot/.stamp" "$root/.stamp"; then
    # Made beside and renamed, so that two tests may come here at the same time.
    new=$root.$$
    mkdir -p "$new/proc"
    cp -a "$sysroot/lib" "$sysroot/usr" "$new/"
    cp "$repository/tests/arm64/cpuinfo" "$new/proc/cpuinfo"
    cp "$sysroot/.stamp" "$new/.stamp"
    rm -rf "$root"
    mv -T "$new" "$root" 2>/dev/null || rm -rf "$new"
fi

qemu=$(command -v qemu-aarch64 || command -v qemu-aarch64-static) || { echo "qemu.sh: qemu-user is not installed" >&2; exit 69; }
# A CPU as on a Raspberry Pi 4 (Cortex-A72, ARMv8.0): what starts here starts on every 64-bit device.
exec "$qemu" -cpu "${QEMU_CPU:-cortex-a72}" -L "$root" "$@"
