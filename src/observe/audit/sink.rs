//! Where audit records go.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use crate::policy::AuditSink;

/// Facility local0 with severity informational, and with severity notice (RFC 5424, section 6.2.1).
const INFORMATIONAL: u8 = 16 * 8 + 6;
const NOTICE: u8 = 16 * 8 + 5;
/// How long a datagram may wait for its receiver.
const DATAGRAM_TIME: Duration = Duration::from_secs(1);
/// Who may read the audit: the gate's user and group.
const FILE_MODE: u32 = 0o640;

/// An open sink.
#[derive(Debug)]
pub(crate) struct Sink {
    address: AuditSink,
    open: Open,
    /// How much of the last batch was written.
    progress: usize,
    /// Whether the last write ended in the middle of a line.
    torn: bool,
}

#[derive(Debug)]
enum Open {
    Stdout,
    File(File),
    Datagram(UnixDatagram),
}

impl Sink {
    /// Opens a sink.
    ///
    /// # Errors
    /// When the file cannot be made, or nobody listens on the socket.
    pub(crate) fn open(address: &AuditSink) -> io::Result<Self> {
        Ok(Self {
            open: open(address)?,
            address: address.clone(),
            progress: 0,
            torn: false,
        })
    }

    pub(crate) const fn address(&self) -> &AuditSink {
        &self.address
    }

    /// How much of the batch that was last handed to [`Sink::write`] has gone out.
    pub(crate) const fn progress(&self) -> usize {
        self.progress
    }

    /// Opens the file anew: who rotates it has moved it away.
    pub(crate) fn reopen(&mut self) -> io::Result<()> {
        self.progress = 0;
        self.torn = false;
        self.open = open(&self.address)?;
        Ok(())
    }

    /// Writes whole lines.
    pub(crate) fn write(&mut self, batch: &[u8]) -> io::Result<()> {
        self.progress = 0;
        match &mut self.open {
            Open::Stdout => write_lines(
                &mut io::stdout().lock(),
                batch,
                &mut self.progress,
                &mut self.torn,
            ),
            Open::File(file) => write_lines(file, batch, &mut self.progress, &mut self.torn),
            Open::Datagram(socket) => {
                let sent = send(socket, &self.address, batch, &mut self.progress);
                if sent.is_err()
                    && let Ok(again) = open(&self.address)
                {
                    // The receiver was restarted: what comes next goes to its new socket.
                    self.open = again;
                }
                sent
            }
        }
    }
}

fn open(address: &AuditSink) -> io::Result<Open> {
    let connect = |path: &Path| {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        socket.set_write_timeout(Some(DATAGRAM_TIME))?;
        Ok(Open::Datagram(socket))
    };
    match address {
        AuditSink::Stdout => Ok(Open::Stdout),
        AuditSink::File(path) => OpenOptions::new()
            .append(true)
            .create(true)
            .mode(FILE_MODE)
            .open(path)
            .map(Open::File),
        AuditSink::Datagram(path) | AuditSink::Syslog(path) => connect(path),
    }
}

/// Writes `batch`, behind the end of a line that an earlier failure has torn.
fn write_lines(
    to: &mut impl Write,
    batch: &[u8],
    progress: &mut usize,
    torn: &mut bool,
) -> io::Result<()> {
    if *torn {
        to.write_all(b"\n")?;
        *torn = false;
    }
    while let Some(rest) = batch.get(*progress..).filter(|rest| !rest.is_empty()) {
        match to.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => *progress = progress.saturating_add(written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                *torn = !ends_line(batch, *progress);
                return Err(error);
            }
        }
    }
    to.flush()
}

fn ends_line(batch: &[u8], progress: usize) -> bool {
    progress
        .checked_sub(1)
        .is_none_or(|last| batch.get(last) == Some(&b'\n'))
}

fn send(
    socket: &UnixDatagram,
    address: &AuditSink,
    batch: &[u8],
    progress: &mut usize,
) -> io::Result<()> {
    let framed = matches!(address, AuditSink::Syslog(_));
    for line in batch.split_inclusive(|byte| *byte == b'\n') {
        let record = line.strip_suffix(b"\n").unwrap_or(line);
        if framed {
            let allowed = record
                .windows(ALLOWED.len())
                .any(|window| window == ALLOWED);
            let severity = if allowed { INFORMATIONAL } else { NOTICE };
            let mut datagram =
                format!("<{severity}>doodgate[{}]: ", std::process::id()).into_bytes();
            datagram.extend_from_slice(record);
            socket.send(&datagram)?;
        } else {
            socket.send(record)?;
        }
        *progress = progress.saturating_add(line.len());
    }
    Ok(())
}

const ALLOWED: &[u8] = b"\"decision\":\"allowed\"";

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes `left` bytes, and then fails once.
    struct Failing {
        taken: Vec<u8>,
        left: usize,
    }

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.left == 0 {
                self.left = usize::MAX;
                return Err(io::ErrorKind::StorageFull.into());
            }
            let count = self.left.min(bytes.len());
            self.left = self.left.saturating_sub(count);
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_torn_line_does_not_spoil_the_next() {
        let mut to = Failing {
            taken: Vec::new(),
            left: 12,
        };
        let (mut progress, mut torn) = (0, false);
        assert!(write_lines(&mut to, b"{first}\n{second}\n", &mut progress, &mut torn).is_err());
        assert_eq!((progress, torn), (12, true));
        progress = 0;
        write_lines(&mut to, b"{third}\n", &mut progress, &mut torn).unwrap();
        assert_eq!(to.taken, b"{first}\n{sec\n{third}\n");
    }
}
