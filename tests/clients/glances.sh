# glances: a monitor; the list of containers with their statistics.
docker run -d --name "$N-a" alpine sleep 100 >/dev/null
# It adds a container's statistics once they have come, so the last of a few rounds is looked at.
DOCKER_HOST=unix://$SOCKET timeout 60 "$DOODGATE_TEST_ENV/python/bin/glances" --stdout containers --stop-after 4 2>/dev/null | grep -o "'name': '$N-a'" | sort -u
