//! Listening sockets: unix sockets that appear with their final rights, and TCP.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::net::TcpListener as StdTcpListener;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener};

use super::stream::Connected;

/// Who may connect to a unix socket.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ownership {
    /// Permission bits, such as `0o660`.
    pub mode: u32,
    /// The owner's uid, where it is not to be the gate's own.
    pub uid: Option<u32>,
    /// The owning gid, where it is not to be the gate's own.
    pub gid: Option<u32>,
}

/// Why a socket cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// A process answers on the path.
    #[error("`{}` is in use: another process listens there; stop it, or choose another path", .0.display())]
    InUse(PathBuf),
    /// The path holds something else than a socket.
    #[error("`{}` exists and is not a socket; remove it, or choose another path", .0.display())]
    NotASocket(PathBuf),
    /// The operating system refuses.
    #[error("cannot listen on `{address}`: {step}: {source}")]
    System {
        /// The address, as a person writes it.
        address: String,
        /// What was being done.
        step: &'static str,
        /// The operating system's answer.
        source: io::Error,
    },
}

/// A listening socket, which any number of workers can accept from.
#[derive(Debug)]
pub(crate) enum Listener {
    /// On TCP.
    Tcp(StdTcpListener),
    /// On a unix socket, whose file is removed when this value is dropped.
    Unix {
        listener: StdUnixListener,
        _file: SocketFile,
    },
}

impl Listener {
    /// Listens on a unix socket.
    ///
    /// The socket is bound in a fresh directory that only the gate may enter, gets its owner and mode
    /// there, and is then moved to `path`: there is no moment at wider rights, and a stale socket is
    /// replaced in one step.
    pub(crate) fn unix(path: &Path, ownership: Ownership) -> Result<Self, ListenError> {
        let failed = |step| {
            move |source| ListenError::System {
                address: format!("unix://{}", path.display()),
                step,
                source,
            }
        };
        refuse_occupied(path)?;
        let parent = path.parent().unwrap_or_else(|| Path::new("."));
        let nursery = Nursery::create(parent).map_err(failed("create a directory beside it"))?;
        let newborn = nursery.0.join("s");
        let listener = StdUnixListener::bind(&newborn).map_err(failed("bind"))?;
        listener
            .set_nonblocking(true)
            .map_err(failed("make it non-blocking"))?;
        if ownership.uid.is_some() || ownership.gid.is_some() {
            chown(&newborn, ownership.uid, ownership.gid).map_err(failed("set its owner"))?;
        }
        fs::set_permissions(&newborn, Permissions::from_mode(ownership.mode))
            .map_err(failed("set its mode"))?;
        let identity = fs::symlink_metadata(&newborn).map_err(failed("look at it"))?;
        fs::rename(&newborn, path).map_err(failed("move it into place"))?;
        let file = SocketFile {
            path: path.to_owned(),
            device: identity.dev(),
            inode: identity.ino(),
        };
        Ok(Self::Unix {
            listener,
            _file: file,
        })
    }

    /// Listens on TCP.
    pub(crate) fn tcp(host: &str, port: u16) -> Result<Self, ListenError> {
        let listen = || {
            let listener = StdTcpListener::bind((host, port))?;
            listener.set_nonblocking(true)?;
            Ok(Self::Tcp(listener))
        };
        listen().map_err(|source| ListenError::System {
            address: format!("tcp://{host}:{port}"),
            step: "bind",
            source,
        })
    }

    /// A door to the socket for one worker, which takes it to its own runtime.
    pub(crate) fn door(&self) -> io::Result<Door> {
        Ok(match self {
            Self::Tcp(listener) => Door::Tcp(listener.try_clone()?),
            Self::Unix { listener, .. } => Door::Unix(listener.try_clone()?),
        })
    }
}

/// A worker's share in a listening socket, before the worker runs.
#[derive(Debug)]
pub(crate) enum Door {
    Tcp(StdTcpListener),
    Unix(StdUnixListener),
}

impl Door {
    /// Opens the door on the runtime that this is called on.
    pub(crate) fn open(self) -> io::Result<Acceptor> {
        Ok(match self {
            Self::Tcp(listener) => Acceptor::Tcp(TcpListener::from_std(listener)?),
            Self::Unix(listener) => Acceptor::Unix(UnixListener::from_std(listener)?),
        })
    }
}

/// What a running worker accepts from.
#[derive(Debug)]
pub(crate) enum Acceptor {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Acceptor {
    /// The next connection.
    pub(crate) async fn accept(&self) -> io::Result<Connected> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Connected::Tcp(stream))
            }
            Self::Unix(listener) => Ok(Connected::Unix(listener.accept().await?.0)),
        }
    }
}

/// The file of a unix socket that this process made.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Another process may have put its own socket there in the meantime: that one stays.
        let ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| found.dev() == self.device && found.ino() == self.inode);
        if ours {
            drop(fs::remove_file(&self.path));
        }
    }
}

/// A directory of mode 0700 in which a socket is born.
struct Nursery(PathBuf);

impl Nursery {
    fn create(parent: &Path) -> io::Result<Self> {
        let process = std::process::id();
        for attempt in 0..100_u32 {
            // Short, since the path of a unix socket may have only 107 bytes (unix(7)).
            let path = parent.join(format!(".dg{process}-{attempt}"));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|()| Self(path)),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Nursery {
    fn drop(&mut self) {
        drop(fs::remove_file(self.0.join("s")));
        drop(fs::remove_dir(&self.0));
    }
}

/// A stale socket may be replaced; a live one, or anything that is not a socket, may not.
fn refuse_occupied(path: &Path) -> Result<(), ListenError> {
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if !found.file_type().is_socket() {
        return Err(ListenError::NotASocket(path.to_owned()));
    }
    match StdUnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(_) | Err(_) => Err(ListenError::InUse(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("doodgate-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn appears_with_its_mode_and_leaves_nothing_behind() {
        let folder = folder("listen");
        let path = folder.join("a.sock");
        let ownership = Ownership {
            mode: 0o620,
            uid: None,
            gid: None,
        };
        let listener = Listener::unix(&path, ownership).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
            0o620
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        assert!(matches!(
            Listener::unix(&path, ownership),
            Err(ListenError::InUse(_))
        ));
        drop(listener);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::remove_dir(folder).unwrap();
    }

    #[test]
    fn replaces_a_stale_socket_but_nothing_else() {
        let folder = folder("stale");
        let path = folder.join("a.sock");
        drop(StdUnixListener::bind(&path).unwrap());
        let ownership = Ownership {
            mode: 0o600,
            uid: None,
            gid: None,
        };
        let listener = Listener::unix(&path, ownership).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "kept").unwrap();
        drop(listener);
        assert!(matches!(
            Listener::unix(&path, ownership),
            Err(ListenError::NotASocket(_))
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
        fs::remove_dir_all(folder).unwrap();
    }
}
