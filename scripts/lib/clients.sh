# Real clients for the tests, from PyPI, npm and the distribution, unpacked under TEST_ENV; nothing is installed.
# What this machine cannot have is named, and its tests count as skipped.
# Needs common.sh and packages.sh.

clients_fetch() {
    mkdir -p "$TEST_ENV"
    client python "docker-py, glances, testcontainers-python" fetch_python
    client node "dockerode, testcontainers-node" fetch_node
    client packages "prometheus, CrowdSec, Zabbix agent 2, docker-compose 1.29" fetch_packages
}

# client NAME WHAT COMMAND: once per machine; a failure leaves a note and no client.
client() {
    local mark=$TEST_ENV/client-$1.ok
    [ -e "$mark" ] && return
    if step "fetch $2" "$3"; then touch "$mark"; else say "    skipped: the tests with $2"; fi
}

fetch_python() {
    local python
    python=$(command -v python3) || { say "no python3 here"; return 1; }
    rm -rf "$TEST_ENV/python"
    "$python" -m venv --without-pip "$TEST_ENV/python" >&2 &&
        pip_run "$TEST_ENV/python/bin/python" install -q --disable-pip-version-check pip \
            'docker==7.2.0' 'glances[containers]==4.5.8' 'testcontainers==4.15.0' 'websocket-client<2' >&2
}

fetch_node() {
    have npm || { say "no npm here"; return 1; }
    mkdir -p "$TEST_ENV/node"
    echo '{"private": true}' >"$TEST_ENV/node/package.json"
    (cd "$TEST_ENV/node" && npm install --silent --no-audit --no-fund --ignore-scripts dockerode@5.0.1 testcontainers@10 >&2)
}

# From Debian 12, and on Ubuntu from 22.04: the last ones with docker-compose 1.29 and all that it imports.
fetch_packages() {
    local suite=bookworm name folder=$TEST_ENV/clients
    local packages="prometheus docker-compose libpcre2-8-0 libsqlite3-0 libssl3 libyaml-0-2
        python3-docker python3-dockerpty python3-docopt python3-texttable python3-dotenv python3-websocket python3-jsonschema
        python3-pyrsistent python3-attr python3-distro python3-yaml python3-requests python3-urllib3 python3-six python3-idna
        python3-chardet python3-certifi python3-setuptools python3-pkg-resources python3-distutils python3-lib2to3"
    case $(distribution) in
    debian) packages="$packages crowdsec zabbix-agent2 python3-charset-normalizer python3-packaging" ;;
    ubuntu) suite=jammy packages="$packages python3-pyparsing python3-more-itertools" ;;
    esac
    unpack clients $(for name in $packages; do echo "$name/$suite"; done) || return 1
    # What newer Pythons have no more lies with that release's own.
    whole_modules clients
    for name in distutils lib2to3; do
        ln -sfn "$(versioned clients)/$name" "$folder/usr/lib/python3/dist-packages/$name"
    done
    # Programs of another release: one that does not even tell its version here is none.
    mkdir -p "$folder/usr/sbin"
    for name in prometheus:--version crowdsec:-version zabbix_agent2:-V docker-compose:version; do
        client_runs "$(find "$folder/usr/bin" "$folder/usr/sbin" -name "${name%:*}")" "${name#*:}"
    done
}

# client_runs PROGRAM OPTION
client_runs() {
    [ -n "$1" ] || return 0
    env LD_LIBRARY_PATH="$(find "$TEST_ENV/clients/usr/lib" -maxdepth 1 -name '*-linux-gnu*')" \
        PYTHONPATH="$TEST_ENV/clients/usr/lib/python3/dist-packages" "$@" >/dev/null 2>&1 && return
    say "    skipped: ${1##*/} of another release does not run here"
    rm -f "$1"
}
