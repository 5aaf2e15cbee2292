#!/bin/bash
# Boots a root file system's own systemd as process 1 of a container, on a machine whose init may be anything. Run as root.
#   boot.sh ROOT LAYER [BIND...]
# ROOT stays as it is: what LAYER holds is laid over it first, and what the container writes is gone with it.
# BIND is SOURCE:TARGET, read-only. Runs until the container is powered off; SIGTERM ends it at once.
# Another program gets in with enter.sh.
set -euo pipefail
root=$(readlink -f "$1") layer=$(readlink -f "$2") group=edgeinfer-test-$$
shift 2

end() {
    trap - EXIT
    # The first process of the namespace, with which all others go; unshare then ends by itself.
    kill -KILL $(cat "/proc/$unshare/task/$unshare/children" 2> /dev/null) 2> /dev/null || true
    wait "$unshare" 2> /dev/null || true
    # The container's control groups, which outlive it, wherever this machine has them; a process that ends holds its own for a moment.
    for folder in /sys/fs/cgroup/"$group" /sys/fs/cgroup/unified/"$group"; do
        for _ in {1..50}; do
            if [ ! -d "$folder" ]; then break; fi
            find "$folder" -depth -type d -exec rmdir {} + 2> /dev/null || sleep 0.1
        done
    done
}

unshare --mount --pid --fork --kill-child --mount-proc bash -euo pipefail -s "$root" "$layer" "$group" "$@" << 'INSIDE' &
root=$1 layer=$2 group=$3
shift 3
mount --make-rprivate /
# nspawn wants a /run of its own, and one hierarchy of control groups.
mount -t tmpfs -o mode=755,size=50% tmpfs /run
umount -R /sys/fs/cgroup 2> /dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
mkdir "/sys/fs/cgroup/$group"
echo $$ > "/sys/fs/cgroup/$group/cgroup.procs"
mkdir -p /run/upper /run/work /run/root
cp -a "$layer/." /run/upper/
chmod 755 /run/upper
mount -t overlay overlay -o "lowerdir=$root,upperdir=/run/upper,workdir=/run/work" /run/root
binds=()
for bind in "$@"; do binds+=("--bind-ro=$bind"); done
exec systemd-nspawn --quiet --directory=/run/root --boot --register=no --keep-unit --private-network --console=pipe --system-call-filter=bpf \
    --machine=edgeinfer-test "${binds[@]}" < /dev/null
INSIDE
unshare=$!
trap end EXIT
trap 'exit 0' TERM INT
wait "$unshare"
