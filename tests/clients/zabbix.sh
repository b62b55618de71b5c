# Zabbix agent 2: asks without an API version, with `Host: 1.28`.
docker run -d --name "$N-a" alpine sleep 100 >/dev/null
printf 'Server=127.0.0.1\nHostname=test\nLogType=console\nPlugins.Docker.Endpoint=unix://%s\nControlSocket=%s/c.sock\n' "$SOCKET" "$T" >agent.conf
export LD_LIBRARY_PATH=$(find "$DOODGATE_TEST_ENV/clients/usr/lib" -maxdepth 1 -name '*-linux-gnu')
ask() { "$DOODGATE_TEST_ENV/clients/usr/sbin/zabbix_agent2" -c agent.conf -t "$1" 2>&1; }
ask docker.ping
ask docker.info | grep -o '"OSType":"[a-z]*"'
ask 'docker.containers.discovery[true]' | grep -o "$N-a" | sort -u
ask "docker.container_info[$N-a]" | grep -o '"Status":"[a-z]*"'
ask "docker.container_stats[$N-a]" | grep -o '"cpu_stats"' | sort -u
ask docker.images | grep -c alpine
