# What the docker command does for one tenant, while others do the same: WHO is all that differs.
set -eu
who=$1
docker() { "$DOCKER" "$@"; }
docker volume create cli-db >/dev/null
docker network create cli-net >/dev/null
for round in 1 2 3; do
    docker run -d --init --name cli-web --network cli-net -v cli-db:/data alpine sleep 600 >/dev/null
    docker exec cli-web sh -c "echo $who$round > /data/who"
    [ "$(docker run --rm -v cli-db:/data alpine cat /data/who)" = "$who$round" ]
    printf 'FROM alpine\nENV WHO=%s%s\n' "$who" "$round" | docker build -q -t cli-app:1 - >/dev/null
    [ "$(docker inspect -f '{{index .Config.Env 0}}' cli-app:1)" ]
    docker inspect -f '{{.Config.Env}}' cli-app:1 | grep -q "WHO=$who$round"
    [ "$(docker ps -a --filter name=cli- --format '{{.Names}}')" = cli-web ]
    docker network ls --format '{{.Name}}' | grep -qx cli-net
    docker volume ls -q | grep -qx cli-db
    docker cp cli-web:/data/who - | tar -xO | grep -q "$who$round"
    docker rename cli-web cli-other
    docker restart -t 0 cli-other >/dev/null
    docker logs cli-other >/dev/null
    docker rm -f cli-other >/dev/null
done
docker rmi -f cli-app:1 >/dev/null
docker network rm cli-net >/dev/null
docker volume rm cli-db >/dev/null
echo "done $who"
