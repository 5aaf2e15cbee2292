#!/bin/bash
# Builds, publishes and tests everything; the last line is "N passed, N failed, N skipped".
#   tests/run.sh [--fast | --full]
# --fast  the unit tests alone: installs nothing, publishes nothing, does not check the formatting
# --full  the unit tests also as compiled for release, the packages on older and emulated systems too, edgeinfer-cuda (a download of 245 MB),
#         the full counts of tests/reliability.sh, and tests/vm.sh
# With CI=true a missing program or module is a failure instead of a skipped test, and packages are exactly those of the lock files.
# Each step counts as one test. Logs stay in artifacts/test-logs.
set -uo pipefail
cd "$(dirname "$0")/.."

mode=normal
case ${1:-} in
    "") ;;
    --fast) mode=fast ;;
    --full) mode=full ;;
    *) echo "usage: tests/run.sh [--fast | --full]" >&2; exit 64 ;;
esac

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1 ORT_DISABLE_TELEMETRY=1
if [ $mode = full ]; then export EDGEINFER_ROOTS=all EDGEINFER_CUDA=1; fi
logs=$PWD/artifacts/test-logs
rm -rf "$logs"
mkdir -p "$logs"
passed=0 failed=0 skipped=0 failures=()
declare -A begun
memory=
trap 'if [ -n "$memory" ]; then rm -rf "$memory"; fi' EXIT

# What the tests start or compare with: brokers, a C compiler for the emulated camera and for libraries that make storage and clocks fail,
# tools that cut links and make file systems, the reference implementations.
install_peers() {
    local missing=() root=() more=()
    # For what has to be the same on arm64; there, the compiler at hand is that one.
    if [ "$(uname -m)" != aarch64 ]; then more+=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross); fi
    if [ $mode = full ]; then more+=(qemu-user-static binfmt-support qemu-system-x86 kmod cpio busybox-static file); fi
    for package in "${more[@]}" mosquitto mosquitto-clients nats-server iproute2 iptables e2fsprogs gcc libc6-dev make procps systemd systemd-container mmdebstrap strace docker-registry nginx-light util-linux mount libturbojpeg0 openssl python3-cryptography python3-numpy python3-opencv python3-pil python3-jsonschema npm ffmpeg prometheus lintian skopeo; do
        # Ubuntu has libjpeg-turbo's library under another name.
        if [ $package = libturbojpeg0 ] && ldconfig -p | grep -q libturbojpeg.so.0; then continue; fi
        # npm may have come with another package of Node.js.
        if [ $package = npm ] && command -v npm > /dev/null; then continue; fi
        dpkg-query -W -f '${Status}' $package 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    if [ ${#missing[@]} = 0 ]; then return; fi
    if [ "$(id -u)" != 0 ]; then root=(sudo); fi
    echo "installing ${missing[*]}"
    "${root[@]}" apt-get -qq update && DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get -qq install -y --no-install-recommends "${missing[@]}" > /dev/null
}

# A step that is not made of tests: passes or fails as a whole.
step() {
    local name=$1 started=$SECONDS
    shift
    echo "== $name"
    "$@" > "$logs/$name.log" 2>&1
    account $? "$name" $started
}

# Counts a step by the code that it ended with.
account() {
    local code=$1 name=$2 started=$3
    if [ "$code" = 0 ]; then
        passed=$((passed + 1))
        echo "   passed in $((SECONDS - started)) s"
        return 0
    fi
    failed=$((failed + 1))
    failures+=("$name (see artifacts/test-logs/$name.log)")
    tail -40 "$logs/$name.log"
    echo "   FAILED in $((SECONDS - started)) s"
    return 1
}

# A step that gives way to everything else, for beside tests that mostly wait: "begin" starts it, "finish" waits for it and counts it.
begin() {
    local name=$1 started=$SECONDS
    shift
    (
        nice -n 19 "$@" > "$logs/$name.log" 2>&1
        code=$?
        echo $((SECONDS - started)) > "$logs/$name.seconds"
        exit $code
    ) &
    begun[$name]=$!
}
finish() {
    local name=$1 code
    echo "== $name"
    wait "${begun[$name]}"
    code=$?
    account $code "$name" $((SECONDS - $(cat "$logs/$name.seconds")))
}

# A step that ends with 69 where this machine lacks what it needs: skipped, with what it says.
step_where_possible() {
    local name=$1 code
    shift
    echo "== $name"
    "$@" > "$logs/$name.log" 2>&1
    code=$?
    case $code in
        0) passed=$((passed + 1)) && tail -15 "$logs/$name.log" ;;
        69) skipped=$((skipped + 1)) && echo "   skipped: $(tail -1 "$logs/$name.log")" ;;
        *)
            failed=$((failed + 1))
            failures+=("$name (see artifacts/test-logs/$name.log)")
            tail -40 "$logs/$name.log"
            ;;
    esac
}

# A test program of xunit: its own summary is added up; a program that ends without one has failed. How long each test took is in artifacts/test-logs/NAME.json.
tests() {
    local name=$1 program=$2 log=$logs/$1.log started=$SECONDS code total bad skip errors
    shift 2
    echo "== $name"
    timeout 1800 "$program" "$@" -noLogo -noColor -result-ctrf "$logs/$name.json" > "$log" 2>&1
    code=$?
    read -r total errors bad skip < <(sed -nE 's/.*Total: ([0-9]+), Errors: ([0-9]+), Failed: ([0-9]+), Skipped: ([0-9]+), Not Run: ([0-9]+).*/\1 \2 \3 \4/p' "$log" | tail -1)
    if [ -z "${total:-}" ]; then
        failed=$((failed + 1))
        failures+=("$name ended with code $code and no summary (see artifacts/test-logs/$name.log)")
        tail -40 "$log"
        return 1
    fi
    passed=$((passed + total - bad - skip))
    failed=$((failed + bad + errors))
    skipped=$((skipped + skip))
    sed -nE 's/^ *(.*) \[SKIP\]$/   skipped: \1/p' "$log"
    if [ $((bad + errors)) -gt 0 ]; then
        while IFS= read -r line; do failures+=("$line"); done < <(sed -nE 's/^ *(.*) \[FAIL\]$/\1/p' "$log")
        grep -A 12 '\[FAIL\]' "$log" | head -200
    elif [ $code != 0 ]; then
        failed=$((failed + 1))
        failures+=("$name ended with code $code (see artifacts/test-logs/$name.log)")
    fi
    echo "   $((total - bad - skip)) passed, $((bad + errors)) failed, $skip skipped in $((SECONDS - started)) s"
}

# Unit tests write thousands of small files and wait for the disk to have each; a power cut is none of their cases. In memory, where there is room,
# nothing is waited for. The name is short: sockets have room for 107 bytes.
in_memory() {
    local free code
    free=$(df -B1M --output=avail /dev/shm 2> /dev/null | tail -1)
    if [ "${free:-0}" -lt 2000 ]; then "$@"; return; fi
    memory=$(mktemp -d /dev/shm/ei-XXXXXX)
    TMPDIR=$memory "$@"
    code=$?
    rm -rf "$memory"
    return $code
}

restore() { if [ "${CI:-}" = true ]; then dotnet restore EdgeInfer.sln --locked-mode; else dotnet restore EdgeInfer.sln; fi; }
build() { dotnet build EdgeInfer.sln -c "$1" --no-restore --tl:off -nologo; }
publish() {
    local options=(--packages)
    if [ "${CI:-}" = true ]; then options+=(--locked); fi
    if [ $mode = full ]; then options+=(--cuda); fi
    ./publish.sh "${options[@]}"
}

all() {
    if [ $mode != fast ]; then step install install_peers || true; fi
    step restore restore || return
    # Optimised, and with the assertions of Debug: see Directory.Build.props.
    step build build Debug || return
    in_memory tests unit-tests tests/EdgeInfer.Tests/bin/Debug/net10.0/EdgeInfer.Tests
    if [ $mode = fast ]; then return; fi
    step publish publish
    # publish.sh restores for one platform at a time.
    step restore-again restore || return
    if [ $mode = full ]; then
        step build-release build Release || return
        in_memory tests unit-tests-release tests/EdgeInfer.Tests/bin/Release/net10.0/EdgeInfer.Tests
    fi
    begin format dotnet format EdgeInfer.sln --verify-no-changes --no-restore
    # They mostly wait, for agents, brokers and machines: more at once than there are cores. What holds times runs alone after them.
    tests system-tests tests/EdgeInfer.SystemTests/bin/Debug/net10.0/EdgeInfer.SystemTests -maxThreads 1.5x
    finish format
    step budgets tests/budgets.py
    sed 's/^/   /' "$logs/budgets.log"
    # An hour or more, which the limit of a test program would cut off.
    if [ $mode = full ]; then
        step reliability tests/reliability.sh
        step_where_possible vm tests/vm.sh
    fi
}

all
if [ ${#failures[@]} != 0 ]; then
    echo "== failed"
    printf '   %s\n' "${failures[@]}"
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
