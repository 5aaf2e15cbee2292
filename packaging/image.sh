#!/bin/bash
# Makes the container image, an OCI layout in a tar file, from artifacts/RID of each platform, without a container engine.
#   packaging/image.sh FOLDER RID...
# Two layers: what the program needs of Debian 12 (C library, C++ library, OpenSSL, certificates), and the program. No shell, no package
# manager, no ffmpeg. Debian's part is fetched anew each week, so that its security fixes come in.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=$1
shift
# shellcheck source=packaging/release.sh
. packaging/release.sh
readonly wanted="libc6 gcc-12-base libgcc-s1 libstdc++6 libssl3 ca-certificates base-files"
readonly libraries="libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libresolv.so.2 libnss_files.so.2 libnss_dns.so.2 libgcc_s.so.1 libstdc++.so.6 libssl.so.3 libcrypto.so.3"
# The user's number is fixed, so that a volume can be given to it: the usual one for "not root" in images without a shell.
readonly user=65532

# Debian's part of one platform, in artifacts/image/RID/base.
base() {
    local rid=$1 root=artifacts/image/$1/base work arch triplet stamp library deb name
    arch=$(deb_architecture "$rid") triplet=$(triplet_of "$rid")
    stamp=$(cat packaging/image.sh packaging/debian.sh | sha256sum | cut -d' ' -f1)-$(date -u +%G-%V)
    if [ "$(cat "artifacts/image/$rid/.stamp" 2> /dev/null)" = "$stamp" ]; then return; fi
    echo "image.sh: fetching what the image needs of Debian 12 for $rid"
    work=$(mktemp -d)
    # shellcheck source=packaging/debian.sh
    . packaging/debian.sh
    # shellcheck disable=SC2086
    fetch bookworm "$work/debs" $wanted
    rm -rf "artifacts/image/$rid"
    mkdir -p "$root/usr/lib/$triplet" "$root/etc/ssl/certs" "$root/var/lib/dpkg/status.d" "$root/usr/share/doc" "$root/usr/bin" "$root/tmp"
    ln -s usr/lib "$root/lib"
    ln -s usr/bin "$root/bin"
    : > "artifacts/image/$rid/packages.tsv"
    for deb in "$work"/debs/*.deb; do
        name=$(dpkg-deb -f "$deb" Package)
        dpkg -x "$deb" "$work/root"
        # Where scanners look for what an image without dpkg is made of.
        dpkg-deb -f "$deb" > "$root/var/lib/dpkg/status.d/$name"
        dpkg-deb -W --showformat='${Package}\t${Version}\n' "$deb" >> "artifacts/image/$rid/packages.tsv"
        mkdir -p "$root/usr/share/doc/$name"
        cp -L "$work/root/usr/share/doc/$name/copyright" "$root/usr/share/doc/$name/" 2> /dev/null || true
    done
    # The licences that those files refer to.
    cp -r "$work/root/usr/share/common-licenses" "$root/usr/share/"
    for library in $libraries; do cp "$(find "$work/root" -path "*/$triplet/$library" | head -1)" "$root/usr/lib/$triplet/"; done
    case $rid in
        linux-x64) mkdir "$root/usr/lib64"; ln -s usr/lib64 "$root/lib64"; cp -L "$work/root/lib/$triplet/ld-linux-x86-64.so.2" "$root/usr/lib64/" ;;
        linux-arm64) cp -L "$work/root/lib/$triplet/ld-linux-aarch64.so.1" "$root/usr/lib/" ;;
    esac
    find "$work/root/usr/share/ca-certificates" -name '*.crt' | sort | xargs -d '\n' cat > "$root/etc/ssl/certs/ca-certificates.crt"
    cp "$work/root/usr/lib/os-release" "$root/usr/lib/os-release"
    ln -s ../usr/lib/os-release "$root/etc/os-release"
    echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
    printf 'root:x:0:0:root:/:/usr/sbin/nologin\nedgeinfer:x:%s:%s:EdgeInfer:/var/lib/edgeinfer:/usr/sbin/nologin\n' $user $user > "$root/etc/passwd"
    printf 'root:x:0:\nedgeinfer:x:%s:\n' $user > "$root/etc/group"
    rm -rf "$work"
    echo "$stamp" > "artifacts/image/$rid/.stamp"
}

program() {
    local rid=$1 root=artifacts/image/$1/program folder
    rm -rf "$root"
    mkdir -p "$root/usr/bin" "$root/usr/lib/edgeinfer" "$root/usr/share/edgeinfer" "$root/usr/share/doc/edgeinfer" "$root/etc/edgeinfer"
    cp "artifacts/$rid/edgeinfer" "artifacts/$rid/libonnxruntime.so" "$root/usr/lib/edgeinfer/"
    ln -s ../lib/edgeinfer/edgeinfer "$root/usr/bin/edgeinfer"
    cp -r "artifacts/$rid/models" "$root/usr/share/edgeinfer/models"
    cp "artifacts/$rid/LICENSE" "$root/usr/share/doc/edgeinfer/"
    gzip -9n < "artifacts/$rid/NOTICES.txt" > "$root/usr/share/doc/edgeinfer/NOTICES.gz"
    for folder in var/lib/edgeinfer var/cache/edgeinfer run/edgeinfer; do mkdir -p "$root/$folder"; done
}

oci=artifacts/image/layout
rm -rf "$oci"
for rid in "$@"; do
    base "$rid"
    program "$rid"
    # The loader is the one library that has to be executable.
    loader=$(cd "artifacts/image/$rid/base" && find usr -maxdepth 2 -name 'ld-linux*')
    settle "artifacts/image/$rid/base" "$loader"
    settle "artifacts/image/$rid/program" usr/lib/edgeinfer/edgeinfer
done
/usr/bin/python3 packaging/oci.py "$version" "$SOURCE_DATE_EPOCH" $user artifacts/image "$oci" "$@"
tar -C "$oci" --sort=name --format=gnu --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=a+rX,u+w,go-w -cf "$packages/edgeinfer_${version}_oci.tar" .
