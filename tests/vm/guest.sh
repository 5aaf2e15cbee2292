#!/bin/bash
# Runs in the guest of tests/vm.sh as a unit of its systemd. What it finds goes to the serial line, a line each, and tests/vm/judge.py
# holds it to what is promised:
#   SAMPLE seconds rss anon memory.current memory.anon descriptors threads oom_kills throttled      sizes in bytes
#   ACCEPTED boot seq, DELIVERED boot seq, GAP boot at_most, GAP boot from to          results before and after the power cut
#   FACT name value, STEP text, FAILED text, CUT, END
set -uo pipefail
exec > /dev/ttyS0 2>&1
stage=$(sed 's/.*edgeinfer.stage=\([a-z]*\).*/\1/' /proc/cmdline)
minutes=$(sed 's/.*edgeinfer.minutes=\([0-9]*\).*/\1/' /proc/cmdline)
group=/sys/fs/cgroup/system.slice/edgeinfer.service

now() { cut -d' ' -f1 /proc/uptime; }
step() { echo "STEP $(now) $*"; }
fact() { echo "FACT $1 $2"; }
fail() {
    echo "FAILED $*"
    systemctl show edgeinfer -p ActiveState -p SubState -p StatusText -p NRestarts -p Result
    journalctl --output=short-monotonic --no-pager --lines=60 --unit=edgeinfer
    systemctl poweroff --force --force
    exit 1
}
property() { systemctl show edgeinfer --property "$1" --value; }
# Waits until the line that the agent tells systemd holds a text: says TEXT [SECONDS]
says() {
    for ((i = 0; i < ${2:-180}; i++)); do
        if [[ $(property StatusText) == *"$1"* ]]; then return; fi
        sleep 1
    done
    fail "it does not say '$1' within ${2:-180} s"
}
number() { edgeinfer status --json | grep -o "\"$1\":[0-9]*" | head -1 | cut -d: -f2; }

sample() {
    local pid=$1 rss anon threads current inside descriptors kills throttled
    rss=$(awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$pid/status") anon=$(awk '/^RssAnon/ { print $2 * 1024 }' "/proc/$pid/status")
    threads=$(awk '/^Threads/ { print $2 }' "/proc/$pid/status")
    current=$(< "$group/memory.current") inside=$(awk '$1 == "anon" { print $2 }' "$group/memory.stat")
    set -- /proc/"$pid"/fd/*
    descriptors=$#
    kills=$(awk '$1 == "oom_kill" { print $2 }' "$group/memory.events") throttled=$(awk '$1 == "nr_throttled" { print $2 }' "$group/cpu.stat")
    echo "SAMPLE $(now) $rss $anon $current $inside $descriptors $threads $kills $throttled"
}

listen() {
    mosquitto_sub -h 127.0.0.1 -V 5 -q 1 -t edgeinfer/vm/door/prediction -t edgeinfer/vm/door/history -t edgeinfer/vm/gap |
        sed -un -e 's/.*"boot":\([0-9]*\),"seq":\([0-9]*\),.*/DELIVERED \1 \2/p' -e 's/.*"boot":\([0-9]*\),"at_most":\([0-9]*\),.*/GAP \1 \2/p' -e 's/.*"boot":\([0-9]*\),"from_seq":\([0-9]*\),"to_seq":\([0-9]*\),.*/GAP \1 \2 \3/p' > /dev/ttyS0 &
}

before() {
    local pid from taken
    step "systemd runs $(uname -r), $(systemctl --version | head -1)"
    systemctl start mosquitto
    says "1 of 1 pipeline runs, broker connected" 600
    pid=$(property MainPID)
    fact memory.max "$(< $group/memory.max)"
    fact cpu.max "$(tr ' ' / < $group/cpu.max)"
    fact camera "$(journalctl --output=cat --unit=edgeinfer | grep -m1 -o '/dev/video0.*' | tr ' ' _)"
    journalctl --output=cat --unit=edgeinfer | grep -q 'memory is limited to 256 MiB by the control group' || fail "the log does not say the limit of the memory"
    edgeinfer status | grep -q ' of 256 MiB' || fail "the status does not say the limit of the memory"
    step "samples"
    from=$(number accepted)
    taken=$SECONDS
    sample "$pid"
    while ((SECONDS - taken < minutes * 60)); do
        sleep 10
        sample "$pid"
        if [ ! -d "/proc/$pid" ]; then fail "the agent has ended"; fi
    done
    taken=$((SECONDS - taken))
    fact seconds $taken
    fact results $(($(number accepted) - from))
    fact restarts "$(property NRestarts)"
    # What it used of its time, in per cent of one processor.
    fact usage_usec "$(awk '$1 == "usage_usec" { print $2 }' $group/cpu.stat)"

    step "the camera is unplugged"
    echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind
    says "door has no signal"
    for ((i = 0; i < 30; i++)); do if [ ! -e /dev/video0 ]; then break; fi; sleep 1; done
    fact gone "$([ -e /dev/video0 ] && echo 0 || echo 1)"
    echo vivid.0 > /sys/bus/platform/drivers/vivid/bind
    says "1 of 1 pipeline runs"
    fact replugged "$(property NRestarts)"

    step "the kernel kills it for its memory"
    # Beside the program and its model there is no room left: what is not in use is taken back first, then it is killed.
    systemctl set-property --runtime edgeinfer MemoryMax=16M
    for ((i = 0; i < 120; i++)); do if [ "$(property NRestarts)" -gt 0 ]; then break; fi; sleep 1; done
    systemctl set-property --runtime edgeinfer MemoryMax=256M
    journalctl --unit=edgeinfer --output=cat | grep -qi 'oom' || fail "no kill for memory in the journal"
    says "1 of 1 pipeline runs, broker connected" 600
    fact killed "$(property NRestarts)"

    step "the line is down, then the power"
    listen
    sleep 5
    systemctl stop mosquitto
    says "broker waiting"
    from=$(number accepted)
    for ((i = 0; i < 120; i++)); do
        sleep 2
        taken=$(number accepted)
        if ((taken >= from + 60)); then break; fi
    done
    echo "ACCEPTED $(number boot) $taken"
    echo CUT
    sleep 600
}

after() {
    step "the power is back"
    says "1 of 1 pipeline runs, broker waiting" 600
    # It sees the broker only when somebody listens there.
    systemctl kill --signal=STOP --kill-who=main edgeinfer
    systemctl start mosquitto
    listen
    sleep 5
    systemctl kill --signal=CONT --kill-who=main edgeinfer
    says "broker connected"
    for ((i = 0; i < 120; i++)); do
        sleep 2
        if [ "$(number stored)" = 0 ] && [ "$(number waiting)" -le 5 ] && [ "$(number gaps)" = 0 ]; then break; fi
    done
    sleep 3
    fact boot "$(number boot)"
    fact restarts_after "$(property NRestarts)"
    systemctl stop edgeinfer
    fact stopped "$(property Result)"
    echo END
    systemctl poweroff --force --force
}

case $stage in before | after) "$stage" ;; *) fail "no stage in the kernel's command line" ;; esac
