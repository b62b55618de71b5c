# What the Python SDK does for one tenant, while others do the same: WHO is all that differs.
import io
import sys

import docker

address, who = sys.argv[1:]
client = docker.DockerClient(base_url=address, timeout=120)
volume = client.volumes.create("py-db")
network = client.networks.create("py-net")
mounts = {"py-db": {"bind": "/data", "mode": "rw"}}
for round in range(3):
    web = client.containers.run(
        "alpine", "sleep 600", name="py-web", detach=True, init=True, network="py-net", volumes=mounts
    )
    code, _ = web.exec_run(["sh", "-c", f"echo {who}{round} > /data/who"])
    assert code == 0, code
    said = client.containers.run("alpine", "cat /data/who", volumes=mounts, remove=True)
    assert said.decode().strip() == f"{who}{round}", said
    image, _ = client.images.build(
        fileobj=io.BytesIO(f"FROM alpine\nENV SDK={who}{round}\n".encode()), tag="py-app:1", rm=True
    )
    assert image.tags == ["py-app:1"], image.tags
    assert f"SDK={who}{round}" in client.images.get("py-app:1").attrs["Config"]["Env"]
    names = {container.name for container in client.containers.list(all=True, ignore_removed=True) if container.name.startswith("py-")}
    assert names == {"py-web"}, names
    assert "py-net" in {network.name for network in client.networks.list()}
    assert "py-db" in {volume.name for volume in client.volumes.list()}
    web.rename("py-other")
    web.reload()
    assert web.name == "py-other", web.name
    web.stop(timeout=0)
    assert web.wait()["StatusCode"] is not None
    web.remove()
client.images.remove("py-app:1", force=True)
network.remove()
volume.remove()
print("done", who)
