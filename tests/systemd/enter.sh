#!/bin/bash
# Runs a command in the container that a boot.sh has started:  enter.sh PID-OF-BOOT.SH COMMAND...
set -euo pipefail
pid=$1
shift
# Down the tree to the process that is the first one of a process namespace of its own, below boot.sh's: fields of NSpid are host, ..., 1.
leader=
queue=("$pid")
while [ ${#queue[@]} != 0 ]; do
    next=${queue[0]} queue=("${queue[@]:1}")
    read -ra ids < <(sed -n 's/^NSpid:\t*//p' "/proc/$next/status" 2> /dev/null) || continue
    if [ ${#ids[@]} -ge 3 ] && [ "${ids[-1]}" = 1 ]; then leader=$next; break; fi
    for children in /proc/"$next"/task/*/children; do
        read -ra found < "$children" || true
        queue+=("${found[@]}")
    done
done
if [ -z "$leader" ]; then echo "enter.sh: no container below process $pid" >&2; exit 69; fi
exec nsenter --target "$leader" --mount --uts --ipc --net --pid --cgroup --root \
    env -i --chdir=/ PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 SYSTEMD_PAGER=cat SYSTEMD_COLORS=0 container=systemd-nspawn "$@"
