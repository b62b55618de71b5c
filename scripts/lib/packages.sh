# Fetches Debian packages from the mirror that this machine's own apt uses, and unpacks them under TEST_ENV.
# Nothing is installed: the system's package database and services stay as they are.
# Needs common.sh.

# The first mirror of the distribution itself (not security, not a third party) in apt's sources, both formats. Images for
# clouds have a file of mirrors in its place, which apt reads too; other processors than x86 have a mirror of ports.
apt_mirror() {
    local distribution=$1
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
        sed -n -E "s/^[[:space:]]*deb[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\2/p; s/^URIs:[[:space:]]*([^[:space:]]+).*/\1/p" |
        grep -E "/$distribution(-ports)?/?\$|^mirror\+file:.*/($distribution\.list|apt-mirrors\.txt)\$" | head -n 1
}

distribution() { (
    . /etc/os-release
    echo "$ID"
); }
codename() { (
    . /etc/os-release
    echo "${VERSION_CODENAME:-}"
); }

# apt_private COMMAND...: apt-get or apt-cache with lists, cache and package database of their own, so that the
# suites of two releases can be read without the system knowing. The machine's proxies and credentials still hold.
apt_private() {
    local state=$TEST_ENV/apt command=$1
    shift
    "$command" -qq \
        -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
        -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
        -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 \
        -o APT::Update::Post-Invoke-Success::=true "$@"
}

# apt_private_read MIRROR: all lists, or the reason why not.
apt_private_read() {
    local log=$TEST_ENV/apt/update.log
    apt_private apt-get -o APT::Update::Error-Mode=any -o Acquire::http::Timeout=30 update >"$log" 2>&1 && return
    say "error: the lists of packages cannot be read from $1: $(grep -m 1 '^[EW]:' "$log")"
    return 1
}

apt_private_update() {
    local state=$TEST_ENV/apt mirror keys=/usr/share/keyrings/debian-archive-keyring.gpg
    mkdir -p "$state"/lists/partial "$state"/cache/archives/partial "$TEST_ENV/debs"
    : >"$state/status"
    case $(distribution) in
    debian)
        mirror=$(apt_mirror debian)
        [ -n "$mirror" ] || mirror=${DOODGATE_DEBIAN_MIRROR:-}
        [ -n "$mirror" ] || fail "no Debian mirror in apt's sources: name one in DOODGATE_DEBIAN_MIRROR"
        printf "deb [signed-by=$keys] $mirror %s main\n" bookworm trixie >"$state/sources.list"
        # A machine that was last updated before Debian 13 came out does not know its keys: take the newer keyring.
        if ! apt_private_read "$mirror" 2>/dev/null; then
            printf "deb [signed-by=$keys] $mirror bookworm main\n" >"$state/sources.list"
            apt_private_read "$mirror" || return 1
            APT_UPDATED=yes
            unpack keyring debian-archive-keyring/bookworm || return 1
            keys=$TEST_ENV/keyring/usr/share/keyrings/debian-archive-keyring.gpg
            printf "deb [signed-by=$keys] $mirror %s main\n" bookworm trixie >"$state/sources.list"
            apt_private_read "$mirror"
        fi
        ;;
    ubuntu)
        mirror=$(apt_mirror ubuntu)
        [ -n "$mirror" ] || fail "no Ubuntu mirror in apt's sources"
        # 22.04 as it came out, too: it is the last one with an old engine, and every later one runs its programs.
        printf "deb [signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg] $mirror %s main universe\n" \
            $(printf '%s\n' jammy "$(codename)" "$(codename)-updates" | uniq) >"$state/sources.list"
        apt_private_read "$mirror"
        ;;
    *) fail "the private engines come from Debian's or Ubuntu's packages, and this is $(distribution)" ;;
    esac
}

# unpack FOLDER PACKAGE[/SUITE]...: downloads what is not there yet and unpacks it into TEST_ENV/FOLDER.
unpack() {
    local folder=$TEST_ENV/$1 wanted deb
    shift
    wanted=$*
    [ "$(cat "$folder/.unpacked" 2>/dev/null)" = "$wanted" ] && return
    if [ -z "${APT_UPDATED:-}" ]; then
        apt_private_update || return 1
        APT_UPDATED=yes
    fi
    rm -rf "$folder" && mkdir -p "$folder/.debs"
    (cd "$folder/.debs" && apt_private apt-get download "$@") || return 1
    for deb in "$folder"/.debs/*.deb; do dpkg -x "$deb" "$folder" || return 1; done
    rm -rf "$folder/.debs"
    # Older packages have libraries in /lib, which is /usr/lib on every machine that they are installed on.
    [ ! -d "$folder/lib" ] || { cp -a "$folder/lib/." "$folder/usr/lib/" && rm -rf "$folder/lib"; } || return 1
    printf '%s' "$wanted" >"$folder/.unpacked"
}

# pip_run PYTHON ARGUMENTS...: pip for a Python that comes without, as Debian's and Ubuntu's do; they have it as a wheel.
pip_run() {
    local python=$1
    shift
    pip_wheel "$python" || return 1
    if "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m pip "$@"
    else
        PYTHONPATH=$(versioned pip) PIP_ROOT_USER_ACTION=ignore \
            "$python" "$(echo "$TEST_ENV"/pip/usr/share/python-wheels/pip-*.whl)/pip" "$@"
    fi
}
# Where the unpacked FOLDER has the modules that belong to one Python: the first one's, where it has several.
versioned() { find "$TEST_ENV/$1/usr/lib" -maxdepth 1 -name 'python3.*' 2>/dev/null | sort -V | head -n 1; }
# The first files of distutils are in Python's own package, where that still has it; without one it is no module.
whole_modules() {
    local folder name
    folder=$(versioned "$1")
    for name in distutils lib2to3; do
        [ -d "$folder/$name" ] || continue
        cp -n "/usr/lib/${folder##*/}/$name"/*.py "$folder/$name/" 2>/dev/null || true
        touch "$folder/$name/__init__.py"
    done
}
pip_wheel() {
    local packages=python3-pip-whl
    # The pip of 22.04 needs what Python had of its own until 3.11.
    [ "$(codename)" != jammy ] || packages="$packages python3-distutils python3-lib2to3"
    "$1" -m pip --version >/dev/null 2>&1 || { unpack pip $packages && whole_modules pip; }
}
