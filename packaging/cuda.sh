#!/bin/bash
# Makes artifacts/edgeinfer-cuda/: ONNX Runtime with CUDA and TensorRT for linux-x64, out of NuGet's package (a download of 245 MB),
# for runtime.onnxruntime. No package of EdgeInfer holds it. ./publish.sh --cuda calls this; it runs alone as well.
#   packaging/cuda.sh
set -euo pipefail
cd "$(dirname "$0")/.."

readonly package=Microsoft.ML.OnnxRuntime.Gpu.Linux
# shellcheck source=packaging/release.sh
. packaging/release.sh
restored=${NUGET_PACKAGES:-$HOME/.nuget/packages}/${package,,}/$cuda_version
out=artifacts/edgeinfer-cuda

say() { echo "cuda.sh: $*"; }
fail() { echo "cuda.sh: $*" >&2; exit "${code:-70}"; }

# By NuGet's own client, from whatever feeds this machine is set up for.
restore() {
    local project=artifacts/cuda/cuda.csproj log=artifacts/cuda-restore.log
    if [ -e "$restored/.nupkg.metadata" ]; then return; fi
    command -v dotnet > /dev/null || fail "the .NET SDK 10 is missing: https://dotnet.microsoft.com/download"
    say "fetching $package $cuda_version, 245 MB"
    mkdir -p artifacts/cuda
    cat > $project << EOF
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageDownload Include="$package" Version="[$cuda_version]" /></ItemGroup>
</Project>
EOF
    # The packages of the solution are none of its business.
    if ! dotnet restore $project --tl:off -p:ImportDirectoryBuildProps=false -p:ImportDirectoryPackagesProps=false > $log 2>&1; then
        cat $log >&2
        fail "$package $cuda_version was not restored; is a feed reachable that has it?"
    fi
    [ -e "$restored/.nupkg.metadata" ] || fail "$package $cuda_version is not in $restored, although it was restored"
}

check() {
    local sum path
    while read -r sum path; do
        [ -e "$restored/$path" ] || code=65 fail "$restored/$path is missing; remove that folder and try again"
        [ "$(sha256sum < "$restored/$path" | cut -d' ' -f1)" = "$sum" ] ||
            code=65 fail "$restored/$path has other content than packaging/cuda.sha256 says; remove that folder and try again"
    done < packaging/cuda.sha256
}

collect() {
    local sum path
    rm -rf "$out" "$out.new"
    mkdir -p "$out.new"
    while read -r sum path; do cp "$restored/$path" "$out.new/"; done < packaging/cuda.sha256
    cp packaging/cuda.md "$out.new/README.md"
    settle "$out.new"
    mv "$out.new" "$out"
}

restore
check
collect
say "$out is complete: $(du -sb "$out" | cut -f1) bytes"
