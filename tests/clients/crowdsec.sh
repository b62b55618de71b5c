# CrowdSec: reads the logs of a container and follows it.
docker run -d --name "$N-a" alpine sh -c 'while :; do echo "a line of $RANDOM"; sleep 0.2; done' >/dev/null
port=$((30000 + $(cksum <<<"$N" | cut -d' ' -f1) % 900))
mkdir -p config/patterns config/scenarios config/parsers/s00-raw config/hub data log
echo '{"parsers":{},"scenarios":{},"collections":{},"postoverflows":{}}' >config/hub/.index.json
cat >config/config.yaml <<YAML
common: {daemonize: false, log_media: stdout, log_level: info, working_dir: $T, log_dir: $T/log, pid_dir: $T}
config_paths: {config_dir: $T/config, data_dir: $T/data, simulation_path: $T/config/simulation.yaml, hub_dir: $T/config/hub, index_path: $T/config/hub/.index.json}
crowdsec_service: {acquisition_path: $T/config/acquis.yaml, parser_routines: 1}
db_config: {type: sqlite, db_path: $T/data/crowdsec.db}
prometheus: {enabled: false}
api:
  client: {credentials_path: $T/config/local.yaml}
  server: {listen_uri: "127.0.0.1:$port", profiles_path: $T/config/profiles.yaml, log_level: info}
YAML
printf 'name: none\nfilters: ["false"]\ndecisions: []\n' >config/profiles.yaml
echo 'simulation: false' >config/simulation.yaml
printf 'type: leaky\nname: local/none\ndescription: none\nfilter: "false"\nleakspeed: 1s\ncapacity: 1\n' >config/scenarios/none.yaml
printf 'source: docker\ndocker_host: unix://%s\ncontainer_name: ["%s"]\nlabels: {type: test}\n' "$SOCKET" "$N-a" >config/acquis.yaml
export LD_LIBRARY_PATH=$(find "$DOODGATE_TEST_ENV/clients/usr/lib" -maxdepth 1 -name '*-linux-gnu')
: >config/local.yaml
"$DOODGATE_TEST_ENV/clients/usr/bin/cscli" -c config/config.yaml machines add test --password test -u "http://127.0.0.1:$port" -f "$T/config/local.yaml" >cscli.log 2>&1 || cat cscli.log
timeout -s INT 10 "$DOODGATE_TEST_ENV/clients/usr/bin/crowdsec" -c config/config.yaml >out 2>&1
grep -oE "start tail for container $N-a|fatal.*|Forbidden.*|403.*" out | sort -u
