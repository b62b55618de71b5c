# No docker CLI for it to find: it would ask compose for its version with it.
export TESTCONTAINERS_RYUK_DISABLED=true NODE_PATH=$DOODGATE_TEST_ENV/node/node_modules
PATH=$(dirname "$(command -v node)"):/usr/bin:/bin exec node "$CLIENTS/testcontainers.js"
