# What the docker command does with a stack for one tenant, while others do the same: WHO is all that differs.
set -eu
who=$1
docker() { "$DOCKER" "$@"; }
# Waits until a command says so.
becomes() {
    tries=0
    until [ "$(eval "$2" | sort | tr '\n' ' ')" = "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || { echo "never '$1': $2"; eval "$2"; docker stack ps --no-trunc shop; exit 1; }
        sleep 0.3
    done
}
file=$(mktemp)
trap 'rm -f "$file" "$file.key"' EXIT
printf %s "$who" >"$file.key"
cat >"$file" <<YAML
version: "3.7"
services:
  web:
    image: alpine
    command: sleep 600
    init: true
    networks: [back]
    secrets: [key]
    configs: [{source: conf, target: /conf}]
    volumes: [data:/data]
    deploy: {replicas: 2}
  db:
    image: alpine
    command: sleep 600
    init: true
    networks: [back]
networks: {back: {}}
volumes: {data: {}}
secrets: {key: {file: $file.key}}
configs: {conf: {file: $file}}
YAML
for round in 1 2; do
    docker stack deploy --resolve-image never -c "$file" shop >/dev/null
    becomes "1/1 2/2 " "docker stack services --format '{{.Replicas}}' shop"
    becomes "shop_db.1 shop_web.1 shop_web.2 " "docker stack ps --format '{{.Name}}' -f desired-state=running shop"
    becomes "3 " "docker ps -q | wc -l"
    [ "$(docker stack ls --format '{{.Name}} {{.Services}}')" = "shop 2" ]
    [ "$(docker service ls --format '{{.Name}} {{.Image}}' | sort | tr '\n' ' ')" = "shop_db alpine:latest shop_web alpine:latest " ] ||
        { docker service ls; exit 1; }
    container=$(docker ps -q -f name=shop_web.1)
    [ "$(docker exec "$container" cat /run/secrets/key)" = "$who" ]
    docker exec "$container" cat /conf | grep -q replicas
    docker exec "$container" ping -c 1 -W 5 tasks.db >/dev/null
    [ "$(docker network ls -f driver=overlay --format '{{.Name}}')" = shop_back ]
    [ "$(docker secret ls --format '{{.Name}}') $(docker config ls --format '{{.Name}}')" = "shop_key shop_conf" ]
    docker service scale -d shop_web=1 >/dev/null
    docker service update -d --env-add ROUND=$round shop_db >/dev/null
    docker service inspect --pretty shop_web | grep -q 'Name:.*shop_web'
    docker service logs shop_web >/dev/null
    docker service rollback -d shop_web >/dev/null
done
docker stack rm shop >/dev/null 2>&1
becomes "" "docker ps -aq; docker service ls -q"
docker secret create own "$file.key" >/dev/null
docker secret rm own >/dev/null
echo "done $who"
