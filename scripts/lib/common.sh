# Shared by the scripts: where things are, how progress is told, what this machine can do.
# Source it from bash; it defines functions and variables, and runs nothing.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Everything that the tests fetch, unpack or start lives below this one folder; deleting it undoes it all.
TEST_ENV=${DOODGATE_TEST_ENV:-$ROOT/target/test-env}

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "error: $*"
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

# step LABEL COMMAND...: runs the command, tells its label before and the seconds after, keeps its exit status.
step() {
    local label=$1 began=$SECONDS status=0
    shift
    say "==> $label"
    "$@" || status=$?
    if [ "$status" = 0 ]; then
        say "    $label: $((SECONDS - began)) s"
    else
        say "    $label: failed with status $status after $((SECONDS - began)) s"
    fi
    return "$status"
}

# wait_until SECONDS COMMAND...: polls ten times a second until the command succeeds.
wait_until() {
    local left=$(($1 * 10))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.1
    done
}

# What compiling takes, and what can be had is installed: for everything else it says what to type, and ends.
ensure_rust() {
    rust_of_caller
    ensure_cargo
    have cc && return
    if have apt-get && is_root; then
        say "no C linker here: installing gcc and libc6-dev"
        DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1 || true
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null
    else
        fail "no C linker here, which Rust needs; on Debian and Ubuntu: sudo apt-get install -y gcc libc6-dev"
    fi
}

# Under sudo, HOME is root's, and Rust is in the home of who typed it. What root builds is theirs in the end: see give_back.
rust_of_caller() {
    local home
    is_root && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] || return 0
    home=$(getent passwd "$SUDO_USER" | cut -d: -f6)
    [ -d "$home/.rustup" ] && [ -x "$home/.cargo/bin/cargo" ] || return 0
    export RUSTUP_HOME=${RUSTUP_HOME:-$home/.rustup} PATH=$home/.cargo/bin:$PATH
}
# Otherwise their own next build could not write here. The engines' files stay root's.
give_back() {
    is_root && [ -n "${SUDO_USER:-}" ] && [ "$SUDO_USER" != root ] && [ -d "$ROOT/target" ] || return 0
    find "$ROOT/target" -path "$TEST_ENV" -prune -o -user root -exec chown -h "$SUDO_USER:" {} + 2>/dev/null || true
}

# Puts a cargo that is new enough on PATH: from rustup's usual place, else from the distribution's rustup package, else
# says what to type.
ensure_cargo() {
    local found=
    cargo_serves || PATH=${HOME:-}/.cargo/bin:$PATH
    cargo_serves && return
    if have cargo; then found=", but $(cargo --version 2>&1 | head -n 1)"; fi
    say "no cargo $(rust_wanted) or newer here$found"
    if have apt-get && is_root; then DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1 || true; fi
    if ! have apt-cache || [ -z "$(apt-cache policy rustup 2>/dev/null | sed -n 's/^ *Candidate: \([^(].*\)/\1/p')" ]; then
        say "Install Rust with this line, then run the script again:"
        say "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y && . \"\$HOME/.cargo/env\""
        exit 1
    fi
    if ! is_root; then
        say "Install Rust with this line, then run the script again:"
        say "  sudo apt-get install -y rustup gcc libc6-dev && rustup default stable"
        exit 1
    fi
    say "installing the distribution's rustup, gcc and libc6-dev"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends rustup gcc libc6-dev >/dev/null
    rustup default stable >&2
    cargo_serves || fail "the distribution's rustup brought no cargo $(rust_wanted)"
}
# The newest compiler whose warnings were all considered.
RUST_TESTED=1.95
newer_rust() {
    [ "$(printf '%s\n' "$RUST_TESTED" "$(rustc --version | cut -d' ' -f2 | cut -d. -f1,2)" | sort -V | tail -n 1)" != "$RUST_TESTED" ]
}
rust_wanted() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$ROOT/Cargo.toml"; }
cargo_serves() {
    local has
    has=$(cargo --version 2>/dev/null | cut -d' ' -f2) && [ -n "$has" ] &&
        [ "$(printf '%s\n' "$(rust_wanted)" "$has" | sort -V | head -n 1)" = "$(rust_wanted)" ]
}
