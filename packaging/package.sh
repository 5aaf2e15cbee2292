#!/bin/bash
# Makes artifacts/packages/ from what publish.sh has built: for each platform a .deb and a tar.gz, for all of them one container image,
# a list of what is in them, and checksums. Called by ./publish.sh --packages.
#   packaging/package.sh [--cuda] [linux-x64] [linux-arm64]
# --cuda  and a tar.gz of artifacts/edgeinfer-cuda, which packaging/cuda.sh makes
set -euo pipefail
cd "$(dirname "$0")/.."

cuda=false rids=()
for argument in "$@"; do
    case $argument in
        --cuda) cuda=true ;;
        *) rids+=("$argument") ;;
    esac
done
if [ ${#rids[@]} = 0 ]; then rids=(linux-x64 linux-arm64); fi
# shellcheck source=packaging/release.sh
. packaging/release.sh
packages=artifacts/packages

fail() { echo "package.sh: $*" >&2; exit 70; }

for rid in "${rids[@]}"; do [ -x "artifacts/$rid/edgeinfer" ] || fail "artifacts/$rid is missing; run ./publish.sh $rid first"; done
if $cuda && [ ! -e artifacts/edgeinfer-cuda/README.md ]; then fail "artifacts/edgeinfer-cuda is missing; run packaging/cuda.sh first"; fi
[ -n "$state_version" ] || fail "StateVersion.cs does not say which version of the state this program writes"
[ "$(sed -nE '1s/.*\((.*)\).*/\1/p' packaging/deb/changelog)" = "$version" ] || fail "packaging/deb/changelog does not begin with $version"

rm -rf "$packages"
mkdir -p "$packages"
# Each compresses on one core, and the image waits for the network.
jobs=()
for rid in "${rids[@]}"; do
    packaging/deb.sh "$rid" "$packages" & jobs+=($!)
    packaging/archive.sh "$rid" "$packages" & jobs+=($!)
done
packaging/image.sh "$packages" "${rids[@]}" & jobs+=($!)
failed=false
for job in "${jobs[@]}"; do wait "$job" || failed=true; done
if $failed; then fail "not every package was made"; fi
parts=("${rids[@]}")
if $cuda; then
    # Most of it is kernels that are compressed already.
    tar -C artifacts --sort=name --format=gnu --owner=0 --group=0 --numeric-owner -cf - edgeinfer-cuda | gzip -6n > "$packages/edgeinfer-cuda_${cuda_version}_linux-x64.tar.gz"
    parts+=("edgeinfer-cuda=$cuda_version")
fi
/usr/bin/python3 packaging/sbom.py "$version" "$SOURCE_DATE_EPOCH" artifacts/image "${parts[@]}" > "$packages/edgeinfer_$version.cdx.json"
(cd "$packages" && sha256sum -- * > SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS)
(cd "$packages" && stat -c 'package.sh:   %n: %s bytes' -- *)
