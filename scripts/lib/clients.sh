# Real clients for the tests, from PyPI, npm and the distribution, unpacked under TEST_ENV; nothing is installed.
# What this machine cannot have is named, and its tests count as skipped.
# Needs common.sh and packages.sh.

clients_fetch() {
    mkdir -p "$TEST_ENV"
    client python "docker-py, glances, testcontainers-python" fetch_python
    client node "dockerode, testcontainers-node" fetch_node
    client debian "prometheus, CrowdSec, Zabbix agent 2, docker-compose 1.29" fetch_debian
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
    if "$python" -m venv "$TEST_ENV/python" >/dev/null 2>&1; then
        "$TEST_ENV/python/bin/python" -m pip install -q --disable-pip-version-check \
            'docker==7.2.0' 'glances[containers]==4.5.8' 'testcontainers==4.15.0' 'websocket-client<2' >&2
    else
        say "python3 here has no venv (Debian's package python3-venv)"
        return 1
    fi
}

fetch_node() {
    have npm || { say "no npm here"; return 1; }
    mkdir -p "$TEST_ENV/node"
    echo '{"private": true}' >"$TEST_ENV/node/package.json"
    (cd "$TEST_ENV/node" && npm install --silent --no-audit --no-fund --ignore-scripts dockerode@5.0.1 testcontainers@10 >&2)
}

fetch_debian() {
    [ "$(distribution)" = debian ] || { say "these come from Debian 12, and this is $(distribution)"; return 1; }
    unpack clients prometheus/bookworm crowdsec/bookworm zabbix-agent2/bookworm docker-compose/bookworm \
        libpcre2-8-0/bookworm libsqlite3-0/bookworm libssl3/bookworm libyaml-0-2/bookworm \
        python3-docker/bookworm python3-dockerpty/bookworm python3-docopt/bookworm python3-texttable/bookworm \
        python3-dotenv/bookworm python3-websocket/bookworm python3-jsonschema/bookworm python3-pyrsistent/bookworm \
        python3-attr/bookworm python3-distro/bookworm python3-yaml/bookworm python3-requests/bookworm \
        python3-urllib3/bookworm python3-six/bookworm python3-idna/bookworm python3-chardet/bookworm \
        python3-charset-normalizer/bookworm python3-certifi/bookworm python3-packaging/bookworm python3-setuptools/bookworm \
        python3-pkg-resources/bookworm python3-distutils/bookworm python3-lib2to3/bookworm
}
