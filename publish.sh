#!/bin/bash
# Builds artifacts/RID/ for linux-x64 and linux-arm64 (or those named) on a Debian or Ubuntu machine with the .NET SDK, and checks it.
#   ./publish.sh [--locked] [--no-install] [--packages] [--cuda] [linux-x64] [linux-arm64]
# --locked      packages exactly as in the lock files (CI)
# --no-install  says what is missing and ends instead of installing it
# --packages    then makes artifacts/packages/: .deb, tar.gz, container image, list of parts, checksums
# --cuda        also makes artifacts/edgeinfer-cuda/, ONNX Runtime with CUDA and TensorRT for linux-x64 (a download of 245 MB)
set -euo pipefail
cd "$(dirname "$0")"

readonly glibc_limit=2.31        # JetPack 5, Ubuntu 20.04, Debian 11
readonly executable_limit=28500000
readonly c_libraries="libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 ld-linux-aarch64.so.1 ld-linux-x86-64.so.2"
# Assemblies that are allowed to say that their own code may not survive trimming; their use here is tested on the published binary.
readonly may_warn="SixLabors.ImageSharp"

locked=false install=true packages=false cuda=() rids=()
for argument in "$@"; do
    case $argument in
        --locked) locked=true ;;
        --no-install) install=false ;;
        --packages) packages=true ;;
        --cuda) cuda=(--cuda) ;;
        linux-x64 | linux-arm64) rids+=("$argument") ;;
        *) echo "usage: ./publish.sh [--locked] [--no-install] [--packages] [--cuda] [linux-x64] [linux-arm64]" >&2; exit 64 ;;
    esac
done
if [ ${#rids[@]} = 0 ]; then rids=(linux-x64 linux-arm64); fi
if [ ${#cuda[@]} != 0 ] && [[ " ${rids[*]} " != *" linux-x64 "* ]]; then
    echo "publish.sh: --cuda is for linux-x64 alone; on a Jetson name its own libonnxruntime.so in runtime.onnxruntime" >&2
    exit 64
fi

say() { echo "publish.sh: $*"; }
fail() { echo "publish.sh: $*" >&2; exit 70; }

wanted_packages() {
    local missing=()
    command -v clang > /dev/null || missing+=(clang)
    command -v ld.lld > /dev/null || missing+=(lld)
    command -v llvm-objcopy > /dev/null || missing+=(llvm)
    command -v readelf > /dev/null || missing+=(binutils)
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
    [ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
    if [[ " ${rids[*]} " == *" linux-arm64 "* ]] && [ "$(uname -m)" != aarch64 ]; then
        command -v aarch64-linux-gnu-gcc > /dev/null || missing+=(gcc-aarch64-linux-gnu)
        command -v qemu-aarch64 > /dev/null || command -v qemu-aarch64-static > /dev/null || missing+=(qemu-user)
    fi
    if $packages; then
        command -v dpkg-deb > /dev/null || missing+=(dpkg)
        [ -x /usr/bin/python3 ] || missing+=(python3)
    fi
    echo "${missing[*]}"
}

prepare() {
    command -v dotnet > /dev/null || fail "the .NET SDK 10 is missing: https://dotnet.microsoft.com/download"
    local missing
    missing=$(wanted_packages)
    if [ -z "$missing" ]; then return; fi
    if ! $install; then fail "these packages are missing: $missing"; fi
    local root=()
    if [ "$(id -u)" != 0 ]; then root=(sudo); fi
    say "installing $missing"
    "${root[@]}" apt-get -qq update
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get -qq install -y --no-install-recommends $missing > /dev/null
}

build() {
    local rid=$1 out=$2 log=$3 sysroot=$PWD/artifacts/sysroot/$1
    # An output that is up to date is not compiled again, and would hide its warnings.
    rm -rf "$out" "src/EdgeInfer/obj/Release/net10.0/$rid/native"
    say "compiling $rid"
    if ! dotnet publish src/EdgeInfer -c Release -r "$rid" -o "$out" -nologo --tl:off \
        -p:SysRoot="$sysroot" -p:LinkerFlavor=lld -p:PathMap="$PWD=/edgeinfer" \
        -p:CopyOutputSymbolsToPublishDirectory=false -p:RestoreLockedMode=$locked > "$log" 2>&1; then
        cat "$log" >&2
        fail "$rid was not built"
    fi
    # For crash dumps; they stay here.
    mkdir -p artifacts/symbols
    cp "src/EdgeInfer/bin/Release/net10.0/$rid/native/edgeinfer.dbg" "artifacts/symbols/edgeinfer-$rid.dbg"
}

notices() {
    local rid=$1 out=$2 packages runtime aspnetcore
    packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}
    runtime=$(find "$packages/runtime.$rid.microsoft.dotnet.ilcompiler" -name THIRD-PARTY-NOTICES.TXT | sort -V | tail -1)
    aspnetcore=$(find "$packages/microsoft.aspnetcore.app.runtime.$rid" -name THIRD-PARTY-NOTICES.TXT | sort -V | tail -1)
    local onnxruntime
    onnxruntime=$(find "$packages/microsoft.ml.onnxruntime" -maxdepth 2 -name ThirdPartyNotices.txt | sort -V | tail -1)
    [ -n "$runtime" ] && [ -n "$aspnetcore" ] && [ -n "$onnxruntime" ] || fail "the licences of the .NET runtime, of ASP.NET Core or of ONNX Runtime are not in $packages"
    cp LICENSE "$out/LICENSE"
    # ONNX Runtime's package lets only its owner read the library.
    find "$out" -type f -exec chmod 644 {} + -o -type d -exec chmod 755 {} +
    chmod 755 "$out/edgeinfer"
    {
        cat packaging/NOTICES.txt
        printf '\n==== libjpeg-turbo ====\n\n'
        cat "artifacts/sysroot/$rid/libjpeg-turbo-copyright"
        printf '\n==== SQLite ====\n\n'
        cat "artifacts/sysroot/$rid/sqlite-copyright"
        printf '\n==== .NET ====\n\n'
        cat "$runtime"
        printf '\n==== ASP.NET Core ====\n\n'
        cat "$aspnetcore"
        printf '\n==== ONNX Runtime ====\n\n'
        cat "$onnxruntime"
    } > "$out/NOTICES.txt"
}

# The highest GLIBC version that a file asks for.
glibc_of() { readelf -W --version-info "$1" | grep -oE 'GLIBC_[0-9.]+' | sed 's/GLIBC_//' | sort -Vu | tail -1; }

check_links() {
    local file=$1 allowed=$2 needs version
    version=$(glibc_of "$file")
    if [ "$(printf '%s\n' "$version" "$glibc_limit" | sort -V | tail -1)" != "$glibc_limit" ]; then fail "$file needs GLIBC_$version; at most $glibc_limit is allowed"; fi
    needs=$(readelf -d "$file" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' | sort | tr '\n' ' ')
    for library in $needs; do
        [[ " $allowed " == *" $library "* ]] || fail "$file needs $library; only these are expected: $allowed"
    done
    say "  $(basename "$file"): $(stat -c %s "$file") bytes, GLIBC_$version, needs $needs"
}

check_files() {
    local out=$1 odd
    for file in edgeinfer libonnxruntime.so LICENSE NOTICES.txt; do [ -s "$out/$file" ] || fail "$out/$file is missing"; done
    odd=$(cd "$out" && find . -type f ! -path './models/*' ! -name edgeinfer ! -name libonnxruntime.so ! -name LICENSE ! -name NOTICES.txt)
    [ -z "$odd" ] || fail "$out holds files that are not expected:"$'\n'"$odd"
    odd=$(cd "$out" && find . -name '*.dll' -o -name '*.pdb' -o -name '*.dbg' -o -name '*.exe' -o -name '*.py' -o -type l)
    [ -z "$odd" ] || fail "$out holds files that no device needs:"$'\n'"$odd"
    for model in models/*/model.onnx; do
        if [ -e "$model" ] && [ ! -e "$out/$model" ]; then fail "$out/$model is missing"; fi
    done
    local size
    size=$(stat -c %s "$out/edgeinfer")
    [ "$size" -le $executable_limit ] || fail "$out/edgeinfer has $size bytes; at most $executable_limit are allowed"
    # Without it JPEG would be decoded five times slower, by whatever the device has.
    grep -qa 'libjpeg-turbo version' "$out/edgeinfer" || fail "$out/edgeinfer does not hold libjpeg-turbo"
    # Without it results would wait in memory alone. Its source id is in every build of it.
    grep -qaE '20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8} [0-9a-f]{60}' "$out/edgeinfer" || fail "$out/edgeinfer does not hold SQLite"
    if readelf -S "$out/edgeinfer" | grep -q '\.debug_info'; then fail "$out/edgeinfer holds debug symbols"; fi
}

check_warnings() {
    local log=$1 warned
    warned=$(grep -E 'warning IL(2104|3053)' "$log" | grep -oE "Assembly '[^']+'" | cut -d"'" -f2 | sort -u || true)
    for assembly in $warned; do
        [[ " $may_warn " == *" $assembly "* ]] || fail "$assembly says that it may not survive trimming or ahead-of-time compilation (see $log); use it another way, or test it on the published binary and allow it here"
    done
    if grep -E 'warning' "$log" | grep -vE 'warning IL(2104|3053)'; then fail "the build warns (see $log)"; fi
}

check_start() {
    local rid=$1 out=$2 expected version
    expected=$(sed -nE 's:.*<Version>(.*)</Version>.*:\1:p' Directory.Build.props)
    case $rid-$(uname -m) in
        linux-x64-x86_64 | linux-arm64-aarch64) version=$("$out/edgeinfer" --version) || fail "$out/edgeinfer --version does not run" ;;
        linux-arm64-*) version=$(tests/arm64/qemu.sh "$out/edgeinfer" --version) || fail "$out/edgeinfer --version does not run under qemu" ;;
        *) say "  $rid cannot be started on this machine"; return ;;
    esac
    [[ $version == *"$expected"* ]] || fail "$out/edgeinfer --version says \"$version\"; $expected was expected"
    say "  --version says $version"
}

prepare
mkdir -p artifacts
# They wait for the network: all at once, the second beside the first one's compiler.
declare -A sysroots
trap 'jobs -p | xargs -r kill' EXIT
for rid in "${rids[@]}"; do packaging/sysroot.sh "$rid" & sysroots[$rid]=$!; done
for rid in "${rids[@]}"; do
    out=artifacts/$rid log=artifacts/publish-$rid.log
    wait "${sysroots[$rid]}" || exit
    build "$rid" "$out" "$log"
    notices "$rid" "$out"
    check_files "$out"
    check_warnings "$log"
    check_links "$out/edgeinfer" "$c_libraries"
    check_links "$out/libonnxruntime.so" "$c_libraries libstdc++.so.6 libgcc_s.so.1"
    check_start "$rid" "$out"
    say "$out is complete: $(du -sb "$out" | cut -f1) bytes"
done
if [ ${#cuda[@]} != 0 ]; then
    packaging/cuda.sh
    # What NVIDIA has to bring stands in its README.
    for library in artifacts/edgeinfer-cuda/*.so; do
        check_links "$library" "$c_libraries libstdc++.so.6 libgcc_s.so.1 libcuda.so.1 libcudart.so.13 libcublas.so.13 libcublasLt.so.13 libcurand.so.10 libcudnn.so.9 libnvinfer.so.10 libnvonnxparser.so.10"
    done
fi
if $packages; then packaging/package.sh "${cuda[@]}" "${rids[@]}"; fi
