# Sourced by what makes packages: what this release is called, and when it was.
# shellcheck shell=bash
# shellcheck disable=SC2034

version=$(sed -nE 's:.*<Version>(.*)</Version>.*:\1:p' Directory.Build.props)
# The version of the state that this program writes, for the guard against downgrades.
state_version=$(sed -nE 's/.*public const int Current = ([0-9]+);.*/\1/p' src/EdgeInfer.Core/Durability/StateVersion.cs)
# The ONNX Runtime of edgeinfer-cuda; packaging/cuda.sha256 belongs to it.
cuda_version=1.31.0
# Every file in a package is as old as the release's entry in the changelog, so that the same input gives the same bytes.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(date -u -d "$(sed -nE '0,/^ -- /s/^ -- .*>  (.*)/\1/p' packaging/deb/changelog)" +%s)}
export SOURCE_DATE_EPOCH
export LC_ALL=C TZ=UTC

deb_architecture() { case $1 in linux-x64) echo amd64 ;; linux-arm64) echo arm64 ;; *) return 64 ;; esac }
triplet_of() { case $1 in linux-x64) echo x86_64-linux-gnu ;; linux-arm64) echo aarch64-linux-gnu ;; *) return 64 ;; esac }

# Modes as they are to be installed, and times of the release, for everything in a folder but what is named to be a program.
settle() {
    local folder=$1 program
    shift
    find "$folder" -type d -exec chmod 755 {} +
    find "$folder" -type f -exec chmod 644 {} +
    for program in "$@"; do chmod 755 "$folder/$program"; done
    find "$folder" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# The example that ships: the tested one of docs/, as it reads on a device whose copy of docs/ is in the folder named.
example_configuration() {
    sed -e '1,2d' -e 's:\.\./models/parts-detector:parts-detector:' -e "s:in docs/:in $1/:" \
        -e 's/a model folder or an \.onnx file, relative to this file/the name of an installed model, a model folder or an .onnx file/' docs/quickstart.yaml |
        sed '1i # An example that runs as it is: copy it to /etc/edgeinfer/edgeinfer.yaml, or let "edgeinfer init" write one for this device.'
}

# The pages of docs/ into the folder PAGES, and the files that they lead to into EXAMPLES, with links as a package has them: LINK is how a page
# names EXAMPLES, UNIT how it names the unit. What only a checkout has is text without a link.
#   documentation PAGES EXAMPLES LINK UNIT
documentation() {
    local pages=$1 examples=$2 link=$3 unit=$4 page
    mkdir -p "$pages/labels" "$examples/kubernetes"
    cp docs/labels/*.txt "$pages/labels/"
    cp packaging/edgeinfer-*.conf packaging/mosquitto*.acl packaging/mosquitto-bridge.conf packaging/prometheus-*.yml packaging/grafana-dashboard.json "$examples/"
    cp packaging/kubernetes/*.yaml "$examples/kubernetes/"
    cp packaging/cuda.md "$pages/edgeinfer-cuda.md"
    for page in docs/*.md; do
        sed -E -e 's:\[packaging/([^]]*)\]\(\.\./:[\1](../:g' -e 's:\]\(\.\./packaging/cuda\.md:](edgeinfer-cuda.md:g' \
            -e "s:\]\(\.\./packaging/edgeinfer\.service:]($unit:g" -e "s:\]\(\.\./packaging/:]($link/:g" -e "s:\]\(quickstart\.yaml:]($link/edgeinfer.yaml:g" \
            -e 's:\[([^]]*)\]\(\.\./(README\.md|src/|tests/|publish\.sh)[^)]*\):\1:g' "$page" > "$pages/$(basename "$page")"
    done
}
