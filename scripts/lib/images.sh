# Base images made here, with no registry to ask: a static busybox under the names that tests and clients look for.
# Needs engine.sh.

IMAGE_NAMES="busybox:latest alpine:latest alpine:3.10 ubuntu:latest debian:latest bash:latest localhost:5000/alpine:latest"

rootfs_tar() {
    local tar=$TEST_ENV/images/rootfs.tar rootfs=$TEST_ENV/images/rootfs applet
    [ -f "$tar" ] && return
    rm -rf "$rootfs" && mkdir -p "$rootfs"/bin "$rootfs"/sbin "$rootfs"/usr/bin "$rootfs"/usr/sbin "$rootfs"/etc "$rootfs"/tmp "$rootfs"/root "$rootfs"/www
    chmod 1777 "$rootfs/tmp"
    cp "$(PATH=$(command_path "$(engine_root "$1")") command -v busybox)" "$rootfs/bin/busybox"
    for applet in $("$rootfs/bin/busybox" --list); do [ "$applet" = busybox ] || ln -s busybox "$rootfs/bin/$applet"; done
    # Clients' own tests call for bash; the shell that is there serves them, under a name that it does not know as its own.
    printf '#!/bin/sh\nexec /bin/sh "$@"\n' >"$rootfs/bin/bash" && chmod 755 "$rootfs/bin/bash"
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$rootfs/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$rootfs/etc/group"
    printf '#!/bin/sh\necho\necho "Hello from Docker!"\n' >"$rootfs/hello" && chmod 755 "$rootfs/hello"
    # The image that bollard's tests serve HTTP from starts this.
    printf '#!/bin/sh\nexec httpd -f -p 80 -h /www\n' >"$rootfs/usr/sbin/run_uhttpd" && chmod 755 "$rootfs/usr/sbin/run_uhttpd"
    tar --sort=name --owner=0 --group=0 --mtime=@0 -C "$rootfs" -cf "$tar.new" . && mv "$tar.new" "$tar"
}

images_make() {
    local name=$1 image tar=$TEST_ENV/images/rootfs.tar
    rootfs_tar "$name"
    if ! engine_docker "$name" image inspect busybox >/dev/null 2>&1; then
        engine_docker "$name" import -c 'CMD ["sh"]' -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$tar" busybox:latest >/dev/null
    fi
    if ! engine_docker "$name" image inspect hello-world >/dev/null 2>&1; then
        engine_docker "$name" import -c 'CMD ["/hello"]' -c 'ENV PATH=/bin' "$tar" hello-world:latest >/dev/null
        engine_docker "$name" import -c 'CMD ["/usr/sbin/run_uhttpd"]' -c 'ENV PATH=/usr/sbin:/sbin:/bin' -c 'EXPOSE 80' "$tar" localhost:5000/fussybeaver/uhttpd:latest >/dev/null
    fi
    engine_docker "$name" tag hello-world localhost:5000/hello-world:linux
    for image in $IMAGE_NAMES; do engine_docker "$name" tag busybox "$image"; done
    for image in localhost:5000/alpine localhost:5000/hello-world:linux localhost:5000/fussybeaver/uhttpd; do
        engine_docker "$name" push -q "$image" >/dev/null
    done
}
