#!/bin/bash
# Makes the Debian package of one platform from artifacts/RID: the same bytes from the same input.
#   packaging/deb.sh RID FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."

rid=$1 packages=$2
# shellcheck source=packaging/release.sh
. packaging/release.sh
arch=$(deb_architecture "$rid")
root=artifacts/deb/$rid
built=artifacts/$rid
doc=$root/usr/share/doc/edgeinfer

rm -rf "$root"
mkdir -p "$root/DEBIAN" "$root/usr/bin" "$root/usr/lib/edgeinfer" "$root/usr/share/edgeinfer" "$root/usr/share/man/man1" "$doc/examples" \
    "$root/lib/systemd/system" "$root/usr/share/bash-completion/completions" "$root/usr/share/zsh/vendor-completions" \
    "$root/usr/share/fish/vendor_completions.d" "$root/usr/share/lintian/overrides"

# The program looks for the runtime's library beside itself, and follows the link to find out where that is.
cp "$built/edgeinfer" "$built/libonnxruntime.so" "$root/usr/lib/edgeinfer/"
ln -s ../lib/edgeinfer/edgeinfer "$root/usr/bin/edgeinfer"
cp -r "$built/models" "$root/usr/share/edgeinfer/models"
# Debian 11 may have /lib apart from /usr/lib, and its helpers look for units in the former.
cp packaging/*.service "$root/lib/systemd/system/"

gzip -9n < packaging/man/edgeinfer.1 > "$root/usr/share/man/man1/edgeinfer.1.gz"
cp packaging/completions/edgeinfer.bash "$root/usr/share/bash-completion/completions/edgeinfer"
cp packaging/completions/_edgeinfer "$root/usr/share/zsh/vendor-completions/_edgeinfer"
cp packaging/completions/edgeinfer.fish "$root/usr/share/fish/vendor_completions.d/edgeinfer.fish"

gzip -9n < packaging/deb/changelog > "$doc/changelog.gz"
cp packaging/deb/copyright "$doc/copyright"
gzip -9n < "$built/NOTICES.txt" > "$doc/NOTICES.gz"
documentation "$doc" "$doc/examples" examples /lib/systemd/system/edgeinfer.service
example_configuration /usr/share/doc/edgeinfer > "$doc/examples/edgeinfer.yaml"
cp packaging/deb/lintian-overrides "$root/usr/share/lintian/overrides/edgeinfer"

settle "$root" usr/lib/edgeinfer/edgeinfer

for script in preinst postinst prerm postrm; do
    sed "s/@STATE_VERSION@/$state_version/" "packaging/deb/$script" > "$root/DEBIAN/$script"
    chmod 755 "$root/DEBIAN/$script"
done
# In KiB, each file for itself, as dpkg-gencontrol counts.
size=$(find "$root" -path "$root/DEBIAN" -prune -o -type f -printf '%s\n' -o -printf '1\n' | awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')
sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$size/" packaging/deb/control > "$root/DEBIAN/control"
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\n' | sort | xargs -d '\n' md5sum) > "$root/DEBIAN/md5sums"
chmod 644 "$root/DEBIAN/control" "$root/DEBIAN/md5sums"
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

# xz, since Debian 11's dpkg reads no zstd.
dpkg-deb --root-owner-group -Zxz --build "$root" "$packages/edgeinfer_${version}_$arch.deb" > /dev/null
