#!/bin/bash
# Makes the tar.gz of one platform from artifacts/RID, for systems without dpkg: the same bytes from the same input.
#   packaging/archive.sh RID FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."

rid=$1 packages=$2
# shellcheck source=packaging/release.sh
. packaging/release.sh
name=edgeinfer-$version-$rid
root=artifacts/archive/$name

rm -rf "$root"
mkdir -p "$root/man" "$root/completions" "$root/examples" "$root/docs"
cp -r "artifacts/$rid/." "$root/"
cp packaging/archive.md "$root/README.md"
cp packaging/man/edgeinfer.1 "$root/man/"
cp packaging/completions/* "$root/completions/"
cp packaging/*.service "$root/"
documentation "$root/docs" "$root/examples" ../examples ../edgeinfer.service
example_configuration docs > "$root/examples/edgeinfer.yaml"
settle "$root" edgeinfer
tar -C "$(dirname "$root")" --sort=name --format=gnu --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -9n > "$packages/edgeinfer_${version}_$rid.tar.gz"
