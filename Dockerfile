# doodgate's image: one static binary, no shell, not root.
#
#   docker build -t doodgate .
#
# With a binary that is built already and static, in place of what the first stage makes (needs buildx):
#
#   mkdir -p made/out/run/doodgate && cp doodgate made/out/
#   docker buildx build -t doodgate --build-context build=made .
#
# The engine's socket belongs to root and to a group; give the container that group:
#
#   docker run -v /var/run/docker.sock:/var/run/docker.sock:ro -v gate:/run/doodgate \
#       --group-add "$(stat -c %g /var/run/docker.sock)" --network none --read-only --cap-drop ALL doodgate

# Alpine's Rust links statically with musl.
FROM rust:1-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
RUN cargo build --release --locked && mkdir -p /out/run/doodgate && cp target/release/doodgate /out/

FROM scratch
COPY --from=build /out/doodgate /doodgate
# A new volume that is mounted here takes this owner, so the gate can make its sockets in it.
COPY --from=build --chown=65532:65532 /out/run/doodgate /run/doodgate
USER 65532:65532
VOLUME /run/doodgate
# Engines before 25 do not know `--start-interval`, and refuse the whole file for it.
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s CMD ["/doodgate", "health"]
ENTRYPOINT ["/doodgate"]
CMD ["run"]
