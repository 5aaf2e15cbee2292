#!/bin/bash
# Breaks the published agent's storage many times over and holds it to its promise (docs/reliability.md).
#   tests/reliability.sh [--seed N] [--count N] [--slice K/N] [NAME]
# NAME     kill, powercut, fsync, errno, corrupt: the outbox; update-kill, update-powercut, update-fsync, update-errno: the store of managed
#          models, update for these four; update-load: 200 releases in a row, and live frames while one comes, on a machine with nothing else
#          to do; default: all
# --seed   every choice follows from it; default: one of the clock, printed
# --count  faults, or releases in a row, instead of the full number (see the tables there); not for fsync, which goes over all places
# --slice  of the store's faults every N-th from the K-th on: with one seed all N slices are the whole
# Needs the published program (./publish.sh) and the system tests built for Release or Debug; powercut and fsync need root and loop devices.
# What came of each is in artifacts/reliability/.
set -uo pipefail
cd "$(dirname "$0")/.."

usage='usage: tests/reliability.sh [--seed N] [--count N] [--slice K/N] [kill|powercut|fsync|errno|corrupt|update-kill|update-powercut|update-fsync|update-errno|update|update-load|all]'
seed=$(($(date +%s) % 1000000)) count='' slice='' what=all
while [ $# -gt 0 ]; do
    case $1 in
        --seed | --count)
            [[ ${2:-} =~ ^[0-9]+$ ]] || { echo "tests/reliability.sh: $1 takes a number" >&2; exit 64; }
            if [ "$1" = --seed ]; then seed=$2; else count=$2; fi
            shift 2 ;;
        --slice)
            [[ ${2:-} =~ ^[1-9][0-9]*/[1-9][0-9]*$ ]] || { echo "tests/reliability.sh: --slice takes K/N, as in 1/4" >&2; exit 64; }
            slice=$2
            shift 2 ;;
        kill | powercut | fsync | errno | corrupt | update-kill | update-powercut | update-fsync | update-errno | update | update-load | all) what=$1; shift ;;
        *) echo "$usage" >&2; exit 64 ;;
    esac
done

program=''
for configuration in Release Debug; do
    candidate=tests/EdgeInfer.SystemTests/bin/$configuration/net10.0/EdgeInfer.SystemTests
    # The newer of two.
    if [ -x $candidate ] && { [ -z "$program" ] || [ $candidate.dll -nt "$program.dll" ]; }; then program=$candidate; fi
done
if [ -z "$program" ]; then
    echo "tests/reliability.sh: the system tests are not built: dotnet build tests/EdgeInfer.SystemTests -c Release" >&2
    exit 69
fi

declare -A classes=(
    [kill]=KillTests [powercut]=PowerCutTests [fsync]=SyncRemovalTests [errno]=StorageErrorTests [corrupt]=CorruptionTests
    [update-kill]=StoreKillTests [update-powercut]=StorePowerCutTests [update-fsync]=StoreSyncTests [update-errno]=StoreErrorTests
    [update-load]=UpdateLoadTests)
update=(update-kill update-powercut update-fsync update-errno)
case $what in
    all) names=(kill powercut fsync errno corrupt "${update[@]}" update-load) ;;
    update) names=("${update[@]}") ;;
    *) names=("$what") ;;
esac

export EDGEINFER_RELIABILITY=full EDGEINFER_RELIABILITY_SEED=$seed ORT_DISABLE_TELEMETRY=1
if [ -n "$slice" ]; then export EDGEINFER_RELIABILITY_SLICE=$slice; fi
if [ -n "$count" ]; then export EDGEINFER_RELIABILITY_COUNT=$count; fi
echo "seed $seed"
failed=0
for name in "${names[@]}"; do
    "$program" -noLogo -noColor -class "*.${classes[$name]}" || failed=$((failed + 1))
done
cat artifacts/reliability/*.txt 2>/dev/null
echo "seed $seed, $failed failed"
[ $failed = 0 ]
