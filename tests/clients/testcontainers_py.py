"""testcontainers-python: a container, its logs, an exec in it, and its end."""

from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import wait_for_logs

with DockerContainer("alpine").with_command("sh -c 'echo ready; sleep 100'").with_env("A", "b") as box:
    wait_for_logs(box, "ready", timeout=20)
    print("logs", box.get_logs())
    print("exec", box.exec("sh -c 'sleep 1; echo $A'"))
print("gone")
