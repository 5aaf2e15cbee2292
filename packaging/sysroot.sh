#!/bin/bash
# Unpacks what a binary is linked against into artifacts/sysroot/RID: the C library of Debian 11 (glibc 2.31, so that the result
# starts on JetPack 5 and Ubuntu 20.04), and of Debian 12 the static libjpeg-turbo (a newer parser, with NEON on arm64) and SQLite.
# Nothing is installed on this machine: apt gets a source list and a state folder of its own. Its signatures are checked, and the
# packages are compared with packaging/sysroot.sha256.
set -euo pipefail
cd "$(dirname "$0")/.."

rid=${1:?usage: packaging/sysroot.sh linux-x64|linux-arm64}
case $rid in
    linux-x64) arch=amd64 triplet=x86_64-linux-gnu ;;
    linux-arm64) arch=arm64 triplet=aarch64-linux-gnu ;;
    *) echo "sysroot.sh: $rid is neither linux-x64 nor linux-arm64" >&2; exit 64 ;;
esac

root=$PWD/artifacts/sysroot/$rid
pins=$PWD/packaging/sysroot.sha256
# What was unpacked, from which pins, by which script: an equal stamp is an equal sysroot.
stamp=$(cat "$pins" packaging/sysroot.sh packaging/debian.sh | sha256sum | cut -d' ' -f1)
if [ "$(cat "$root/.stamp" 2>/dev/null)" = "$stamp" ]; then exit 0; fi

c_library="libc6 libc6-dev linux-libc-dev libcrypt1 libgcc-10-dev libgcc-s1 libstdc++-10-dev libstdc++6 zlib1g zlib1g-dev libssl1.1"
archives="libturbojpeg0-dev libsqlite3-dev"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck source=packaging/debian.sh
. packaging/debian.sh

echo "sysroot.sh: fetching Debian 11's C library and Debian 12's libjpeg-turbo and SQLite for $rid"
# shellcheck disable=SC2086
fetch bullseye "$work/debs" $c_library
# shellcheck disable=SC2086
fetch bookworm "$work/debs12" $archives
mv "$work"/debs12/*.deb "$work/debs/"

# A pinned name with other bytes is refused. Another name is a newer version, which apt's signature vouches for, and is said.
for deb in "$work"/debs/*.deb; do
    name=$(basename "$deb")
    sum=$(sha256sum "$deb" | cut -d' ' -f1)
    pinned=$(awk -v name="$name" '$2 == name { print $1 }' "$pins")
    if [ -z "$pinned" ]; then
        echo "sysroot.sh: note: $name is not pinned (sha256 $sum); Debian's signature was checked"
    elif [ "$pinned" != "$sum" ]; then
        echo "sysroot.sh: $name has sha256 $sum, but $pinned is pinned in packaging/sysroot.sha256" >&2
        exit 65
    fi
done

rm -rf "$root"
mkdir -p "$root"
for deb in "$work"/debs/*.deb; do
    dpkg -x "$deb" "$root"
    # For the list of what a release is made of.
    dpkg-deb -W --showformat='${Package}\t${Version}\n' "$deb" >> "$root/packages.tsv"
done

# Absolute links would lead out of the sysroot, where the linker then takes the static libpthread and fails.
find "$root" -type l | while read -r link; do
    target=$(readlink "$link")
    if [ "${target#/}" != "$target" ]; then ln -sfn "$(realpath -m --relative-to="$(dirname "$link")" "$root$target")" "$link"; fi
done

for file in "usr/lib/$triplet/libc.so" "usr/lib/$triplet/libturbojpeg.a" "usr/lib/$triplet/libsqlite3.a" "usr/lib/gcc/$triplet/10/libgcc.a" "lib/$triplet/libc.so.6"; do
    if [ ! -e "$root/$file" ]; then echo "sysroot.sh: $file is missing from the sysroot" >&2; exit 70; fi
done
cp "$root/usr/share/doc/libturbojpeg0-dev/copyright" "$root/libjpeg-turbo-copyright"
cp "$root/usr/share/doc/libsqlite3-dev/copyright" "$root/sqlite-copyright"
rm -rf "$root/usr/share"
echo "$stamp" > "$root/.stamp"
