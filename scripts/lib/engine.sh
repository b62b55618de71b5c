# Private engines for the tests: dockerd with a registry beside it, in mount, PID and network namespaces of their own.
# Their bridges, iptables rules, mounts and processes are not the machine's, and end with them. The machine's own
# daemon, its socket and its data folder are neither used nor visible from inside: /run is an empty tmpfs there.
# Needs common.sh and packages.sh.

# Engines are called by what they are for: `20` is the oldest that is tested (Debian 12's docker.io 20.10, API 1.41),
# `26` the newer one (Debian 13's docker.io 26.1, API 1.45). On Ubuntu, `20` is 22.04's first docker.io, of the same
# version, and `26` is what Ubuntu's updates have: in 2026 that is 29.1, API 1.44 to 1.52.
ENGINES_ALL="20 26"

# Why no private engine can run here; nothing when it can.
engines_impossible() {
    if ! is_root; then
        echo "an engine needs root, and this is user $(id -un): type \`sudo $0\`, which finds your Rust"
    elif ! unshare --mount --pid --net --fork --kill-child true 2>/dev/null; then
        echo "this machine does not let root make namespaces"
    elif ! have dpkg || ! have apt-get; then
        echo "the engines come as Debian packages, and there is no apt here"
    fi
}

engine_root() { echo "$TEST_ENV/root$1"; }
engine_run() { echo "$TEST_ENV/run$1"; }
engine_socket() { echo "$TEST_ENV/run$1/docker.sock"; }
engine_cli() { echo "$(engine_root "$1")/usr/bin/docker"; }
# The host's PID of the engine's first process: /proc/PID/ns/net is the way into its network.
engine_pid() { cat "$(engine_run "$1")/pid" 2>/dev/null; }
# The first child of a process; fails while there is none.
child_of() { grep -o '^[0-9]*' "/proc/$1/task/$1/children" | grep .; }
engine_running() {
    local pid
    pid=$(engine_pid "$1") && [ -n "$pid" ] && [ -e "/proc/$pid/ns/net" ] &&
        grep -q "$(engine_run "$1")/pod" "/proc/$pid/cmdline" 2>/dev/null
}
# unshare may have had another child for a moment before the one that stays.
engine_begun() {
    child_of "$(cat "$(engine_run "$1")/unshare.pid")" >"$(engine_run "$1")/pid" && engine_running "$1"
}
engine_answers() { engine_docker "$1" version; }
# It answers, or it never will.
engine_settled() { engine_answers "$1" || ! engine_running "$1"; }
# engine_docker NAME ARGUMENTS...: that engine's own CLI on its socket, with no user configuration.
engine_docker() {
    local name=$1
    shift
    env -u DOCKER_CONTEXT DOCKER_CONFIG="$TEST_ENV/docker-config" DOCKER_HOST="unix://$(engine_socket "$name")" \
        "$(engine_cli "$name")" "$@"
}

# The libraries that the unpacked iptables and dockerd need and a small system may lack.
LIBRARIES="libxtables12 libnftnl11 libip4tc2 libip6tc2 libnfnetlink0 libmnl0 libnetfilter-conntrack3 libdevmapper1.02.1 libseccomp2
libnftables1 libjansson4 libgmp10"

engines_fetch() {
    local suite=bookworm
    if [ "$(distribution)" = ubuntu ]; then
        unpack root20 docker.io/jammy containerd/jammy runc/jammy &&
            unpack root26 docker.io docker-buildx docker-compose-v2 containerd runc &&
            unpack tools tini iptables busybox-static docker-registry $LIBRARIES || return 1
    else
        # Debian 13's runc wants a newer C library than Debian 12 has; 12's serves both engines.
        unpack root20 docker.io/$suite containerd/$suite runc/$suite &&
            unpack root26 docker.io/trixie docker-cli/trixie docker-compose/trixie docker-buildx/trixie containerd/trixie runc/$suite &&
            unpack tools tini/$suite iptables/$suite busybox-static/$suite docker-registry/$suite \
                $(for library in $LIBRARIES; do echo "$library/$suite"; done) || return 1
    fi
    commands_link
    mkdir -p "$TEST_ENV/docker-config"
    plugin_links "$(engine_root 26)"
}

# The names under which the engine calls the tools; the packages' own alternatives are made by installing, not by unpacking.
commands_link() {
    local folder=$TEST_ENV/tools/path name flavour=xtables-nft-multi
    mkdir -p "$folder"
    # The nf_tables flavour, as the distribution picks, unless the kernel lacks it.
    unshare --net env LD_LIBRARY_PATH="$(library_path)" XTABLES_LIBDIR="$(library_path)/xtables" \
        "$TEST_ENV/tools/usr/sbin/$flavour" iptables -t nat -A POSTROUTING -j RETURN >/dev/null 2>&1 || flavour=xtables-legacy-multi
    for name in iptables ip6tables iptables-save ip6tables-save iptables-restore ip6tables-restore; do
        ln -sf "../usr/sbin/$flavour" "$folder/$name"
    done
    ln -sf ../usr/bin/tini-static "$folder/docker-init"
}

# Where the engine's processes find commands and libraries: the unpacked packages first.
command_path() {
    local root=$TEST_ENV/tools folder
    printf %s "$root/path"
    for folder in "$root" "$1"; do printf ':%s' "$folder/usr/sbin" "$folder/usr/bin" "$folder/sbin" "$folder/bin"; done
    printf %s ":/usr/sbin:/usr/bin:/sbin:/bin"
}
library_path() { find "$TEST_ENV/tools/usr/lib" -maxdepth 1 -type d -name '*-linux-gnu*'; }

# The CLI looks for plugins in the folder of its configuration: a configuration with compose and buildx, and nothing else.
plugin_links() {
    local folder=$TEST_ENV/docker-config/cli-plugins plugin
    mkdir -p "$folder"
    for plugin in docker-compose docker-buildx; do
        find "$1" -path "*cli-plugins/$plugin" -exec ln -sf {} "$folder/$plugin" \;
    done
}

engine_start() {
    local name=$1 run pid
    run=$(engine_run "$name")
    engine_running "$name" && engine_answers "$name" >/dev/null 2>&1 && return
    engine_stop "$name"
    mkdir -p "$run" "$TEST_ENV/data$name" "$TEST_ENV/registry$name"
    [ "$(printf '%s' "$(engine_socket "$name")" | wc -c)" -lt 100 ] ||
        fail "the path $(engine_socket "$name") is too long for a unix socket: set DOODGATE_TEST_ENV to a shorter folder"
    echo '{}' >"$run/daemon.json"
    cat >"$run/registry.yml" <<YAML
version: 0.1
storage: {filesystem: {rootdirectory: $TEST_ENV/registry$name}, delete: {enabled: true}}
http: {addr: 127.0.0.1:5000}
log: {level: warn}
YAML
    cat >"$run/pod" <<'POD'
# The engine's and the registry's whole life, as process 1 of their PID namespace. Arguments: see engine_start.
set -u
export PATH=$1 LD_LIBRARY_PATH=$2 XTABLES_LIBDIR=$2/xtables
run=$3 data=$4 name=$5
mount -t tmpfs tmpfs /run
# With AppArmor in sight, dockerd would load its profile into the machine's kernel.
[ ! -d /sys/kernel/security ] || mount -t tmpfs tmpfs /sys/kernel/security
busybox ip link set lo up
# The swarm needs an address that is not loopback, and a bridge has one without any hardware.
busybox ip link add swarm0 type bridge && busybox ip addr add 10.98.0.1/24 dev swarm0 && busybox ip link set swarm0 up
trap : TERM
docker-registry serve "$run/registry.yml" >"$run/registry.log" 2>&1 &
dockerd --config-file "$run/daemon.json" --data-root "$data" --exec-root /run/docker --pidfile "$run/dockerd.pid" \
    --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/doodgate-$name" --host "unix://$run/docker.sock" \
    --experimental >"$run/dockerd.log" 2>&1 &
dockerd=$!
while kill -0 "$dockerd" 2>/dev/null; do wait "$dockerd"; done
POD
    setsid unshare --mount --pid --net --fork --kill-child --mount-proc --propagation private \
        "$TEST_ENV/tools/usr/bin/tini" -g -- sh "$run/pod" \
        "$(command_path "$(engine_root "$name")")" "$(library_path)" "$run" "$TEST_ENV/data$name" "$name" >"$run/pod.log" 2>&1 </dev/null &
    echo $! >"$run/unshare.pid"
    wait_until 20 engine_begun "$name" || fail "engine $name did not start: $(cat "$run/pod.log"; tail -n 20 "$run/dockerd.log" 2>/dev/null)"
    if ! wait_until 60 engine_settled "$name" || ! engine_answers "$name" >/dev/null 2>&1; then
        tail -n 20 "$run/dockerd.log" >&2
        fail "engine $name does not answer on $(engine_socket "$name")"
    fi
}

engine_stop() {
    local name=$1 run pid
    run=$(engine_run "$name")
    if engine_running "$name"; then
        pid=$(engine_pid "$name")
        kill -TERM "$pid" 2>/dev/null
        wait_until 20 test ! -e "/proc/$pid/ns/net" || kill -KILL "$pid" 2>/dev/null
        wait_until 5 test ! -e "/proc/$pid/ns/net" || true
    fi
    rm -rf "$run"
    # What a killed engine's containers leave in the cgroup tree.
    find /sys/fs/cgroup -depth -type d -path "*/doodgate-$name*" -exec rmdir {} + 2>/dev/null || true
}
