exec "$DOODGATE_TEST_ENV/python/bin/python" "$CLIENTS/docker_py.py"
