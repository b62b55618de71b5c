export TESTCONTAINERS_RYUK_DISABLED=true
exec "$DOODGATE_TEST_ENV/python/bin/python" "$CLIENTS/testcontainers_py.py" 2>/dev/null
