# docker-compose 1.29, the last one in Python.
export PYTHONPATH=$DOODGATE_TEST_ENV/clients/usr/lib/python3/dist-packages COMPOSE_PROJECT_NAME=$N
export LD_LIBRARY_PATH=$(find "$DOODGATE_TEST_ENV/clients/usr/lib" -maxdepth 1 -name '*-linux-gnu')
c() { /usr/bin/python3 "$DOODGATE_TEST_ENV/clients/usr/bin/docker-compose" --no-ansi "$@" 2>err; local code=$?; grep -vE 'ing |Warning|warn' err; return $code; }
cat >docker-compose.yml <<YAML
version: "3"
services:
  a: {image: alpine, command: [sh, -c, "echo from-a; sleep 100"], volumes: ["vol:/v"], networks: [net]}
  b: {image: alpine, command: [sh, -c, "echo from-b; exit 3"], depends_on: [a], networks: [net]}
volumes: {vol: {}}
networks: {net: {}}
YAML
c up -d; echo "up $?"
c ps -q | wc -l
c exec -T a echo exec; c logs --no-color a; c top a | grep -c sleep; c run --rm a echo once
c restart -t 0 a; c stop -t 0; c down -v -t 0; echo "down $?"
docker volume ls -q -f name="$N"
