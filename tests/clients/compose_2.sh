# compose v2 with a project that needs nothing of the host; built by the classic builder, as the preset says.
export COMPOSE_PROJECT_NAME=$N DOCKER_BUILDKIT=0
c() { docker compose --progress quiet "$@"; }
cat >compose.yml <<YAML
services:
  a: {image: alpine, command: [sh, -c, "echo from-a; sleep 100"], init: true, volumes: ["vol:/v"], healthcheck: {test: "true", interval: 1s}}
  b: {image: alpine, command: [sh, -c, "echo from-b; sleep 100"], depends_on: [a], ports: ["80"], restart: "no"}
volumes: {vol: {}}
YAML
c up -d >/dev/null 2>&1; echo "up $?"
c ps --format '{{.Name}} {{.State}}' | sort
echo in | c exec -T a cat
c logs --no-log-prefix | sort
c run --rm a echo once 2>/dev/null
c cp compose.yml a:/tmp/x; c exec -T a wc -l /tmp/x
c kill b >/dev/null 2>&1; c ps -a --format '{{.Service}} {{.State}}' | sort
c down -v -t 0 >/dev/null 2>&1; echo "down $?"
docker volume ls -q -f name="$N"
