NODE_PATH=$DOODGATE_TEST_ENV/node/node_modules exec node "$CLIENTS/dockerode.js"
