//! Who is at the other end of a client's connection.

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;

use super::line::Line;

/// Who is at the other end of a client's connection, as far as the kernel tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Peer {
    /// A process on a TCP connection.
    Tcp(SocketAddr),
    /// A process on a unix socket (`SO_PEERCRED`, unix(7)).
    Unix {
        /// Its effective user.
        uid: u32,
        /// Its effective group.
        gid: u32,
        /// Its number as the gate's own PID namespace has it; `None` when it is not in there.
        pid: Option<u32>,
    },
    /// The kernel does not tell.
    Unknown,
}

impl Peer {
    /// The full id of the container that the peer runs in, where its control group tells.
    pub(crate) fn container(&self) -> Option<String> {
        let Self::Unix { pid: Some(pid), .. } = self else {
            return None;
        };
        let mut text = [0; 4096];
        let count = File::open(format!("/proc/{pid}/cgroup"))
            .ok()?
            .read(&mut text)
            .ok()?;
        container_id(text.get(..count)?).map(str::to_owned)
    }

    /// Writes it as a JSON object.
    pub(crate) fn write(&self, line: &mut Line, container: Option<&str>, name: Option<&str>) {
        line.raw(b"{");
        match self {
            Self::Tcp(address) => {
                // Nobody shows a certificate: the gate has no TLS.
                line.text("address", &address.to_string())
                    .key("certificate_subject")
                    .raw(b"null");
            }
            Self::Unix { uid, gid, pid } => {
                line.number("uid", u64::from(*uid))
                    .number("gid", u64::from(*gid));
                if let Some(pid) = pid {
                    line.number("pid", u64::from(*pid));
                }
            }
            Self::Unknown => {}
        }
        if let Some(container) = container {
            line.text("container", container);
        }
        if let Some(name) = name {
            line.text("container_name", name);
        }
        line.raw(b"}");
    }
}

/// The first 64 hexadecimal digits in a row: what Docker, containerd, CRI-O and Podman all put into the path of a
/// container's control group, each with other words around it.
fn container_id(cgroup: &[u8]) -> Option<&str> {
    cgroup
        .split(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        .find(|run| run.len() == 64)
        .and_then(|run| std::str::from_utf8(run).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_container_in_every_layout_of_control_groups() {
        let id = "0123456789abcdef".repeat(4);
        for layout in [
            format!("0::/system.slice/docker-{id}.scope\n"),
            format!("0::/docker/{id}\n"),
            format!("0::/../docker-{id}.scope\n"),
            format!(
                "12:pids:/docker/{id}\n11:memory:/docker/{id}\n0::/system.slice/containerd.service\n"
            ),
            format!("0::/kubepods.slice/kubepods-pod12ab.slice/cri-containerd-{id}.scope\n"),
            format!("0::/machine.slice/libpod-{id}.scope/container\n"),
        ] {
            assert_eq!(
                container_id(layout.as_bytes()),
                Some(id.as_str()),
                "{layout}"
            );
        }
        assert_eq!(
            container_id(b"0::/user.slice/user-1000.slice/session-2.scope\n"),
            None
        );
        assert_eq!(container_id(format!("0::/docker/{id}0\n").as_bytes()), None);
    }
}
