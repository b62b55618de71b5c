# Prometheus: docker_sd_configs finds the containers, and their networks.
docker run -d --name "$N-a" -l "of=$N" --expose 80 alpine sleep 100 >/dev/null
cat >prometheus.yml <<YAML
scrape_configs:
  - job_name: docker
    docker_sd_configs:
      - host: unix://$SOCKET
        refresh_interval: 1s
        filters: [{name: label, values: ["of=$N"]}]
YAML
# Sockets of abstract names cannot be told to it, so it takes a port; the scripts of two runs must not meet.
port=$((20000 + $(cksum <<<"$N" | cut -d' ' -f1) % 9000))
"$DOODGATE_TEST_ENV/clients/usr/bin/prometheus" --config.file prometheus.yml --storage.tsdb.path data --web.listen-address "127.0.0.1:$port" 2>log &
for n in $(seq 200); do
    found=$(curl -s "http://127.0.0.1:$port/api/v1/targets" | grep -o '"__meta_docker_container_name":"[^"]*"')
    [ -z "$found" ] || break
    sleep 0.1
done
curl -s "http://127.0.0.1:$port/api/v1/targets" | grep -o '"__meta_docker_network_name":"[^"]*"' | sort -u
echo "$found"
kill %1
grep -c 'Unable to refresh' log || true
