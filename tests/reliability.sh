#!/bin/bash
# Breaks the published agent's storage many times over and holds it to its promise (docs/reliability.md).
#   tests/reliability.sh [--seed N] [--count N] [kill|powercut|fsync|errno|corrupt|all]
# --seed   every choice follows from it; default: one of the clock, printed
# --count  faults instead of the full number (see the table there); not for fsync, which goes over all places
# Needs the published program (./publish.sh) and the system tests built for Release or Debug; powercut and fsync need root and loop devices.
# What came of each is in artifacts/reliability/.
set -uo pipefail
cd "$(dirname "$0")/.."

seed=$(($(date +%s) % 1000000)) count='' what=all
while [ $# -gt 0 ]; do
    case $1 in
        --seed | --count)
            [[ ${2:-} =~ ^[0-9]+$ ]] || { echo "tests/reliability.sh: $1 takes a number" >&2; exit 64; }
            if [ "$1" = --seed ]; then seed=$2; else count=$2; fi
            shift 2 ;;
        kill | powercut | fsync | errno | corrupt | all) what=$1; shift ;;
        *) echo "usage: tests/reliability.sh [--seed N] [--count N] [kill|powercut|fsync|errno|corrupt|all]" >&2; exit 64 ;;
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

declare -A classes=([kill]=KillTests [powercut]=PowerCutTests [fsync]=SyncRemovalTests [errno]=StorageErrorTests [corrupt]=CorruptionTests)
names=(kill powercut fsync errno corrupt)
if [ "$what" != all ]; then names=("$what"); fi

export EDGEINFER_RELIABILITY=full EDGEINFER_RELIABILITY_SEED=$seed ORT_DISABLE_TELEMETRY=1
if [ -n "$count" ]; then export EDGEINFER_RELIABILITY_COUNT=$count; fi
echo "seed $seed"
failed=0
for name in "${names[@]}"; do
    "$program" -noLogo -noColor -class "EdgeInfer.SystemTests.Reliability.${classes[$name]}" || failed=$((failed + 1))
done
cat artifacts/reliability/*.txt 2>/dev/null
echo "seed $seed, $failed failed"
[ $failed = 0 ]
