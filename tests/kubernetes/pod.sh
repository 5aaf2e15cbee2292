#!/bin/bash
# Becomes a command as the kubelet would start it: a read-only root file system with the volumes of a pod over it, a network of its own with
# the pod's address, a user without rights. As root. Not here: seccomp, limits, a process namespace.
#   tests/kubernetes/pod.sh ROOT ADDRESS USER GROUPS VOLUMES [NAME=VALUE]... COMMAND...
# USER is a number, GROUPS numbers with commas between; VOLUMES a file of lines: memory PATH | read FROM PATH | write FROM PATH.
set -euo pipefail
exec unshare --mount --net bash -euo pipefail -s "$@" << 'INSIDE'
root=$1 address=$2 user=$3 groups=$4 volumes=$5
shift 5
ip link set lo up
ip address add "$address/32" dev lo
mount --make-rprivate /
# Where a volume is mounted has to be there, which a container engine sees to before the root becomes read-only.
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
chmod 755 /mnt/upper
mount -t overlay overlay -o "lowerdir=$root,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
pod=/mnt/root
mkdir -p "$pod/proc" "$pod/dev" "$pod/sys"
while read -r kind from path; do
    if [ "$kind" = memory ]; then path=$from; fi
    if [ -e "$from" ] && [ ! -d "$from" ]; then mkdir -p "$pod$(dirname "$path")"; touch "$pod$path"; else mkdir -p "$pod$path"; fi
done < "$volumes"
for device in null zero full random urandom; do : > "$pod/dev/$device"; done
mount -o remount,ro "$pod"
while read -r kind from path; do
    case $kind in
        # As an emptyDir with fsGroup is.
        memory) mount -t tmpfs -o "mode=2777,gid=$user,size=16M,noexec,nosuid,nodev" tmpfs "$pod$from" ;;
        read) mount --bind "$from" "$pod$path"; mount -o remount,ro,bind "$pod$path" ;;
        write) mount --bind "$from" "$pod$path" ;;
    esac
done < "$volumes"
for device in null zero full random urandom; do mount --bind "/dev/$device" "$pod/dev/$device"; done
mount -t proc proc "$pod/proc"
mount -t sysfs -o ro sysfs "$pod/sys"
variables=()
while [[ $1 == *=* ]]; do variables+=("$1"); shift; done
exec env -i "${variables[@]}" /usr/bin/setpriv --no-new-privs /usr/sbin/chroot --userspec="$user:$user" --groups="$groups" "$pod" "$@" < /dev/null
INSIDE
