#!/bin/bash
# Boots a root file system's own systemd as process 1 of a container, on a machine whose init may be anything. Run as root.
#   boot.sh ROOT LAYER [BIND...]
# ROOT stays as it is: what LAYER holds is laid over it first, and what the container writes is gone with it.
# BIND is SOURCE:TARGET, read-only. Runs until the container is powered off, or until it is killed, which ends the container too.
# Another program gets in with enter.sh.
set -euo pipefail
root=$(readlink -f "$1") layer=$(readlink -f "$2")
shift 2
exec unshare --mount --pid --fork --kill-child --mount-proc bash -euo pipefail -s "$root" "$layer" "$@" << 'INSIDE'
root=$1 layer=$2
shift 2
mount --make-rprivate /
# nspawn wants a /run of its own, and one hierarchy of control groups.
mount -t tmpfs -o mode=755,size=50% tmpfs /run
umount -R /sys/fs/cgroup 2> /dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/edgeinfer-test-$$ /run/upper /run/work /run/root
echo $$ > /sys/fs/cgroup/edgeinfer-test-$$/cgroup.procs
cp -a "$layer/." /run/upper/
chmod 755 /run/upper
mount -t overlay overlay -o "lowerdir=$root,upperdir=/run/upper,workdir=/run/work" /run/root
binds=()
for bind in "$@"; do binds+=("--bind-ro=$bind"); done
exec systemd-nspawn --quiet --directory=/run/root --boot --register=no --keep-unit --private-network --console=pipe --system-call-filter=bpf \
    --machine=edgeinfer-test "${binds[@]}" < /dev/null
INSIDE
