# Debian's packages, for the scripts beside this one: installed where we may, else unpacked into a folder of ours.
# Sourced with the repository's root as working directory.

say() { printf '· %s\n' "$*" >&2; }

if [ "$(id -u)" = 0 ]; then as_root=""; elif sudo -n true 2>/dev/null; then as_root="sudo -n"; else as_root=none; fi

# install PACKAGE…: as root, or with a password-less sudo.
install() {
    [ "$as_root" != none ] && command -v apt-get >/dev/null || return 1
    say "installing Debian's $*"
    $as_root apt-get update -qq >/dev/null 2>&1 || return 1
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

# unpack FOLDER PACKAGE…: the packages and what they need, below FOLDER; takes no rights.
unpack() {
    folder=$1; shift
    command -v apt-get >/dev/null || return 1
    say "unpacking Debian's $* into $folder"
    apt=$PWD/.cache/apt
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$folder"
    rm -f "$apt"/cache/archives/*.deb
    options="-qq -o Dir::State::lists=$apt/lists -o Dir::Cache=$apt/cache -o Debug::NoLocking=1 -o APT::Sandbox::User="
    apt-get $options update >/dev/null 2>&1 || return 1
    apt-get $options install --download-only -y --no-install-recommends "$@" >/dev/null 2>&1 || return 1
    for package in "$apt"/cache/archives/*.deb; do dpkg -x "$package" "$folder" || return 1; done
    rm -f "$apt"/cache/archives/*.deb
}
