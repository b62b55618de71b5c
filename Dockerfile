# doodgate's image: one static binary, no shell, not root.
#
#   docker build -t doodgate .
#
# With a binary that is built already, static, and called doodgate, in the context (needs BuildKit):
#
#   docker build -t doodgate --build-arg BINARY=prebuilt -f Dockerfile folder-with-the-binary
#
# The engine's socket belongs to root and to a group; give the container that group:
#
#   docker run -v /var/run/docker.sock:/var/run/docker.sock:ro -v gate:/run/doodgate \
#       --group-add "$(stat -c %g /var/run/docker.sock)" --network none --read-only --cap-drop ALL doodgate
ARG BINARY=build

# Alpine's Rust links statically with musl.
FROM rust:1-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /src
COPY . .
RUN cargo build --release --locked && install -D target/release/doodgate /out/doodgate && mkdir -p /out/run/doodgate

FROM scratch AS prebuilt
COPY doodgate /out/doodgate
WORKDIR /out/run/doodgate

FROM ${BINARY} AS binary

FROM scratch
COPY --from=binary /out/doodgate /doodgate
# A new volume that is mounted here takes this owner, so the gate can make its sockets in it.
COPY --from=binary --chown=65532:65532 /out/run/doodgate /run/doodgate
USER 65532:65532
VOLUME /run/doodgate
HEALTHCHECK --interval=10s --timeout=5s --start-interval=1s --start-period=10s CMD ["/doodgate", "health"]
ENTRYPOINT ["/doodgate"]
CMD ["run"]
