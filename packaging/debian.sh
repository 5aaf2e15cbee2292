# Sourced by what unpacks Debian's packages: fetches them without installing anything on this machine. apt gets a source list and a
# state folder of its own, and checks the signatures. The one who sources it has set arch, and work, an empty folder.
# shellcheck shell=bash

if [ ! -e /usr/share/keyrings/debian-archive-keyring.gpg ]; then
    echo "$(basename "$0"): Debian's keys are missing; install debian-archive-keyring" >&2
    exit 69
fi

# The Debian mirrors that this machine is configured for, in one-line and deb822 form, then Debian's own names.
mirrors() {
    {
        cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -nE 's/^deb +(\[[^]]*\] +)?([^ ]+) .*/\2/p'
        cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -nE 's/^URIs: *//p' | tr ' ' '\n'
    } | sed 's:/*$::' | grep -E '^https?://.*/debian$' || true
    printf '%s\n' http://deb.debian.org/debian http://archive.debian.org/debian
}

apt_private() {
    local tool=$1
    shift
    "$tool" -qq -o Dir::State="$work/state" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
        -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::Etc::preferencesparts=- -o Dir::Etc::preferences=- \
        -o APT::Architecture="$arch" -o APT::Architectures="$arch" -o APT::Sandbox::User=root -o Acquire::Languages=none \
        -o Acquire::Check-Valid-Until=false -o Acquire::Retries=3 "$@"
}

# Fetches packages of one Debian release into a folder from the first mirror that has them.
fetch() {
    local suite=$1 folder=$2 mirror
    shift 2
    mkdir -p "$folder" "$work/state/lists/partial" "$work/cache/archives/partial"
    : > "$work/status"
    for mirror in $(mirrors | awk '!seen[$0]++'); do
        rm -f "$work"/state/lists/*_* "$folder"/*.deb
        {
            echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
            # Security fixes of both, where the mirror has them beside it.
            if [ "$suite" = bookworm ]; then echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror%/debian}/debian-security bookworm-security main"; fi
        } > "$work/sources.list"
        if apt_private apt-get update > "$work/log" 2>&1 && (cd "$folder" && apt_private apt-get download "${@/%/:$arch}" >> "$work/log" 2>&1); then return; fi
    done
    echo "$(basename "$0"): no mirror gives Debian's $suite for $arch; the last one said:" >&2
    cat "$work/log" >&2
    exit 69
}
