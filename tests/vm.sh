#!/bin/bash
# Runs the Debian package on a Debian kernel of its own, in QEMU without KVM: systemd, the kernel's vivid as a camera, mosquitto, 256 MiB
# of memory and half a processor by the unit. One pipeline of 5 fps, sampled for growth; then the camera is unplugged, the agent is killed
# by the kernel for its memory, and the power is cut while results wait.
#   tests/vm.sh [--minutes N | --hour]      10 minutes by default, counted inside; as root; one core
# Ends with 0 when all that was held, 69 where something it needs is missing. What it saw is in artifacts/vm/.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=10
case ${1:-} in
    '') ;;
    --hour) minutes=60 ;;
    --minutes) minutes=${2:?--minutes takes a number} ;;
    *) echo "usage: tests/vm.sh [--minutes N | --hour]" >&2; exit 64 ;;
esac

missing() { echo "tests/vm.sh: skipped: $*" >&2; exit 69; }
if [ "$(id -u)" != 0 ]; then missing "only root can make the guest's disk"; fi
for program in qemu-system-x86_64 mmdebstrap modprobe depmod mkfs.ext4 cpio busybox unshare python3; do
    command -v $program > /dev/null || missing "$program is not installed (qemu-system-x86 mmdebstrap kmod e2fsprogs cpio busybox-static)"
done
if ! file -L "$(command -v busybox)" 2> /dev/null | grep -q 'statically linked'; then missing "busybox has to be the static one (busybox-static, and file to tell)"; fi
version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props | head -1)
package=artifacts/packages/edgeinfer_${version}_amd64.deb
if [ ! -e "$package" ]; then missing "$package is not made: ./publish.sh --packages"; fi
tests/vm/judge.py --self-test

# Debian's kernel, as it is.
work=artifacts/vm
mkdir -p $work
work=$(readlink -f $work)
if [ ! -e "$work/kernel/name" ]; then
    # shellcheck disable=SC2034 # read by what is sourced
    arch=amd64
    # shellcheck source=packaging/debian.sh
    . packaging/debian.sh
    (fetch bookworm "$work/packages" linux-image-amd64) || missing "Debian's kernel cannot be had"
    name=$(dpkg-deb --field "$work"/packages/linux-image-amd64_*.deb Depends | grep -o 'linux-image-[^ ,]*' | head -1)
    (fetch bookworm "$work/packages" "$name") || missing "Debian's kernel $name cannot be had"
    rm -rf "$work/kernel"
    dpkg-deb -x "$work/packages/${name}"_*.deb "$work/kernel"
    depmod -b "$work/kernel" "${name#linux-image-}"
    rm -rf "$work/packages" "$work/state" "$work/cache"
    echo "${name#linux-image-}" > "$work/kernel/name"
fi
release=$(cat "$work/kernel/name")
modules() { modprobe -d "$work/kernel" -S "$release" --show-depends "$1" | sed -n 's/^insmod \([^ ]*\).*/\1/p'; }

initrd() {
    local tree=$work/initrd.tree module
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,dev,proc,sys,root,modules}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    cp tests/vm/init "$tree/init"
    for module in virtio_pci virtio_blk ext4; do modules $module; done | awk '!seen[$0]++' | while read -r module; do
        cp "$module" "$tree/modules/"
        basename "$module" >> "$tree/modules/order"
    done
    (cd "$tree" && find . | cpio --quiet -o -H newc | gzip -1) > "$work/initrd"
    rm -rf "$tree"
}

# The disk: the systems tests' root with the package installed as apt does it, the camera's driver and the guest's part of this test.
disk() {
    tests/systemd/root.sh "$PWD/artifacts/systemd-root" > "$work/root.log" 2>&1 || missing "no root file system: $(tail -1 "$work/root.log")"
    unshare --mount --pid --fork --kill-child bash -euo pipefail -s "$PWD" "$work" "$package" "$release" << 'INSIDE'
cd "$1"
work=$2 package=$3 release=$4
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir /run/upper /run/work /run/root
chmod 755 /run/upper
mount -t overlay overlay -o "lowerdir=$1/artifacts/systemd-root,upperdir=/run/upper,workdir=/run/work" /run/root
root=/run/root
cp "$package" $root/package.deb
mount -t proc proc $root/proc
for device in null urandom; do : > $root/dev/$device; mount --bind /dev/$device $root/dev/$device; done
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot $root dpkg --force-unsafe-io --install /package.deb < /dev/null > "$work/install.log" 2>&1
umount $root/proc $root/dev/{null,urandom}
rm $root/package.deb
modprobe -d "$work/kernel" -S "$release" --show-depends vivid | sed -n 's/^insmod \([^ ]*\).*/\1/p' | while read -r module; do
    install -D -m 644 "$module" "$root/usr${module#"$work/kernel"}"
done
cp "$work/kernel/lib/modules/$release"/modules.{builtin,order}* "$root/lib/modules/$release/"
depmod -b $root "$release"
mkdir -p $root/etc/modules-load.d $root/etc/modprobe.d
echo vivid > $root/etc/modules-load.d/vivid.conf
echo 'options vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0' > $root/etc/modprobe.d/vivid.conf
mkdir -p $root/etc/systemd/system/edgeinfer.service.d $root/etc/systemd/system/multi-user.target.wants
# Garbage is collected each MiB (the value is hexadecimal, without 0x): by itself it is each 4 MiB, which takes minutes at this pace and looks like growth.
printf '[Service]\nMemoryMax=256M\nCPUQuota=50%%\nEnvironment=DOTNET_GCgen0size=100000\n' > $root/etc/systemd/system/edgeinfer.service.d/limits.conf
cat > $root/etc/edgeinfer/edgeinfer.yaml << 'YAML'
device: { id: vm }
mqtt: { url: "mqtt://127.0.0.1:1883" }
models: { parts: { path: parts-detector } }
pipelines:
  door: { source: { camera: /dev/video0, size: 320x180, fps: 5 }, model: parts, fps: 5, publish: { predictions: every } }
YAML
install -m 755 tests/vm/guest.sh $root/usr/local/bin/guest.sh
printf '[Unit]\nAfter=multi-user.target\n[Service]\nExecStart=/usr/local/bin/guest.sh\n' > $root/etc/systemd/system/guest.service
ln -s ../guest.service $root/etc/systemd/system/multi-user.target.wants/guest.service
for unit in serial-getty@ttyS0 getty@tty1 systemd-networkd systemd-resolved; do ln -sf /dev/null $root/etc/systemd/system/$unit.service; done
rm -f "$work/disk"
truncate -s 1500M "$work/disk"
mkfs.ext4 -q -F -d $root "$work/disk"
INSIDE
}

# boot STAGE UNTIL LIMIT: runs the guest until it prints a line, then cuts its power; it may also end by itself.
boot() {
    local stage=$1 until=$2 limit=$((SECONDS + $3)) log=$work/$1.log qemu
    : > "$log"
    # Time in the guest is counted by its instructions, one a nanosecond: what else this machine does slows the guest down, but is not
    # seen in it, and half a processor is as much each time. Where the guest has nothing to do, nobody waits for its clock.
    nice -n 15 qemu-system-x86_64 -accel tcg,thread=single -icount shift=0,sleep=off -rtc clock=vm -cpu max -smp 1 -m 768 \
        -display none -nodefaults -no-user-config -no-reboot -serial "file:$log" \
        -kernel "$work/kernel/boot/vmlinuz-$release" -initrd "$work/initrd" \
        -append "console=ttyS0 quiet panic=-1 edgeinfer.stage=$stage edgeinfer.minutes=$minutes" \
        -drive "file=$work/disk,format=raw,if=virtio,cache=writeback" < /dev/null > "$work/qemu.log" 2>&1 &
    qemu=$!
    disown
    trap 'kill -KILL $qemu 2> /dev/null || true' EXIT
    while kill -0 $qemu 2> /dev/null && [ $SECONDS -lt $limit ] && ! grep -aqE "^($until|FAILED.*)"$'\r?$' "$log"; do sleep 1; done
    if [ "$until" = CUT ] || [ $SECONDS -ge $limit ]; then kill -KILL $qemu 2> /dev/null || true; fi
    for _ in {1..60}; do kill -0 $qemu 2> /dev/null || break; sleep 1; done
    kill -KILL $qemu 2> /dev/null || true
    trap - EXIT
    if ! grep -aq "^$until" "$log"; then
        echo "tests/vm.sh: the guest did not come to '$until' within $3 s; it printed last:" >&2
        tail -n 80 "$log" "$work/qemu.log" >&2
        exit 1
    fi
}

initrd
disk
started=$SECONDS
boot before CUT $((minutes * 60 * 6 + 1800))
boot after END 1800
echo "the guest ran for $((SECONDS - started)) s of this machine's time"
tests/vm/judge.py "$minutes" "$work/before.log" "$work/after.log"
