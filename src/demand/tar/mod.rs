//! Tar archives, checked while they stream: what an uploaded archive would put into a container.
//!
//! Nothing is unpacked, and no more than one header and its extensions is held. The archive is read as Go's
//! `archive/tar` reads it, since that is what the engine unpacks it with; what Go takes in two ways, or what has more
//! than one name, is refused.

mod edit;
mod gzip;
mod header;
mod known;
mod pax;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use super::Kind;
pub use edit::Watched;
pub use gzip::Gunzip;
use header::{BLOCK, Entry, Header, Type};
use known::Known;

/// Reads a tar archive in pieces of any size, and stops it before the first piece that is not granted.
#[derive(Debug)]
pub struct TarGuard {
    state: State,
    /// The bytes of a header so far.
    block: Vec<u8>,
    /// What the headers before the next one said of it.
    extension: pax::Extension,
    /// Hashes of the links that the archive makes.
    links: BTreeSet<u64>,
    /// How many bytes came, up to a few: the first ones tell how an archive is compressed.
    magic: Vec<u8>,
    wanted: Wanted,
    /// Those that came.
    seen: Vec<Watched>,
    /// The headers of the next entry, where what is passed on may be changed.
    held: Vec<u8>,
}

/// Whose content is wanted.
#[derive(Debug)]
enum Wanted {
    /// Files with these names, without what does not count.
    Named(Vec<String>),
    /// Every file that is not too long.
    Small(Known),
}

#[derive(Debug)]
enum State {
    /// A header is read.
    Header,
    /// Data that nobody looks at.
    Skip(u64),
    /// Data of a file that is watched: so many bytes, and so many of padding.
    Watch {
        file: Watched,
        left: u64,
        padding: u64,
    },
    /// The padding behind it.
    Drop(u64),
    /// Data that belongs to the next header: so many bytes, and so many of padding.
    Collect {
        what: Extended,
        data: Vec<u8>,
        left: u64,
        padding: u64,
    },
    /// The archive has ended, or cannot be looked into.
    Opaque,
}

/// What an extension header says of the next one.
#[derive(Clone, Copy, Debug)]
enum Extended {
    Pax,
    GlobalPax,
    LongName,
    LongLink,
}

/// Why an archive may not go on. Answered with 403 where a grant is missing, and with 400 otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The archive is compressed, and the engine would unpack it with a program of the host or the container.
    #[error("the archive is compressed with {method}: the rule needs `compressed-tar: {method}`")]
    Compressed {
        /// `gzip`, `bzip2`, `xz` or `zstd`.
        method: &'static str,
    },
    /// An entry is of a kind that is not granted.
    #[error("the archive's entry `{name}` is {what}: the rule needs `tar-entry: {what}`")]
    Entry {
        /// The entry's name.
        name: String,
        /// The grant's value.
        what: &'static str,
    },
    /// The archive is not one that the engine could read, or it could be read in more than one way.
    #[error("the archive is malformed: {0}")]
    Malformed(&'static str),
}

impl Refusal {
    /// The stable code for audit records and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Compressed { .. } => "tar_compressed",
            Self::Entry { .. } => "tar_entry",
            Self::Malformed(_) => "tar_malformed",
        }
    }

    /// The grant that is missing, if one would help.
    pub const fn missing(&self) -> Option<(Kind, &'static str)> {
        match self {
            Self::Compressed { method } => Some((Kind::CompressedTar, *method)),
            Self::Entry { what, .. } => Some((Kind::TarEntry, *what)),
            Self::Malformed(_) => None,
        }
    }
}

/// The most bytes of an extension header: names and attributes, not data.
const MAX_EXTENSION: u64 = 64 * 1024;

/// The longest file whose content is kept.
const MAX_WATCHED: u64 = 1024 * 1024;

/// The most links in one archive; each takes a few bytes of memory.
const MAX_LINKS: usize = 20_000;

impl Default for TarGuard {
    fn default() -> Self {
        Self::new()
    }
}

impl TarGuard {
    /// A guard before the first byte.
    pub fn new() -> Self {
        Self {
            state: State::Header,
            block: Vec::with_capacity(BLOCK),
            extension: pax::Extension::default(),
            links: BTreeSet::new(),
            magic: Vec::with_capacity(MAGIC),
            wanted: Wanted::Named(Vec::new()),
            seen: Vec::new(),
            held: Vec::new(),
        }
    }

    /// A guard that keeps the content of the files with these names, which must be files and nothing else, and lie in
    /// directories and nothing else.
    pub fn watching(names: &[&str]) -> Self {
        Self {
            wanted: Wanted::Named(names.iter().map(|name| plain(name)).collect()),
            ..Self::new()
        }
    }

    /// A guard that keeps the content of every file of up to 1 MiB. What would replace one of them without being one itself
    /// is refused.
    pub fn watching_small() -> Self {
        Self {
            wanted: Wanted::Small(Known::default()),
            ..Self::new()
        }
    }

    /// The watched files that have come since this was asked last.
    pub fn take_seen(&mut self) -> Vec<Watched> {
        std::mem::take(&mut self.seen)
    }

    /// Whether nothing that comes is looked at any more: the archive has ended, or its compression is granted.
    pub const fn has_ended(&self) -> bool {
        matches!(self.state, State::Opaque)
    }

    /// Looks at the next piece before it is passed on. `granted` says whether the rule that allowed the call grants a
    /// value of [`Kind::CompressedTar`] or [`Kind::TarEntry`]. An archive whose compression is granted is not looked into.
    ///
    /// # Errors
    /// [`Refusal`], after which the piece must not be passed on.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        granted: &dyn Fn(Kind, &str) -> bool,
    ) -> Result<(), Refusal> {
        self.begin(bytes, granted)?;
        while !bytes.is_empty() {
            bytes = self.step(bytes, granted)?;
        }
        Ok(())
    }

    /// Looks at the first bytes of all.
    fn begin(&mut self, bytes: &[u8], granted: &dyn Fn(Kind, &str) -> bool) -> Result<(), Refusal> {
        if self.magic.len() < MAGIC {
            self.magic
                .extend(bytes.iter().take(MAGIC.saturating_sub(self.magic.len())));
            if let Some(method) = compression(&self.magic) {
                if !granted(Kind::CompressedTar, method) {
                    return Err(Refusal::Compressed { method });
                }
                self.state = State::Opaque;
            }
        }
        Ok(())
    }

    /// Says whether the archive may end here.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] inside an entry.
    pub fn finish(&self) -> Result<(), Refusal> {
        match self.state {
            State::Opaque => Ok(()),
            State::Header if self.block.is_empty() && self.extension.is_empty() => Ok(()),
            State::Header
            | State::Skip(_)
            | State::Watch { .. }
            | State::Drop(_)
            | State::Collect { .. } => Err(Refusal::Malformed("it ends inside an entry")),
        }
    }

    /// Takes the beginning of `bytes`, and gives back the rest.
    fn step<'b>(
        &mut self,
        bytes: &'b [u8],
        granted: &dyn Fn(Kind, &str) -> bool,
    ) -> Result<&'b [u8], Refusal> {
        match &mut self.state {
            State::Opaque => Ok(&[]),
            State::Skip(left) | State::Drop(left) => {
                let (_, rest) = cut(bytes, *left);
                *left = left.saturating_sub(length(bytes).saturating_sub(length(rest)));
                if *left == 0 {
                    self.state = State::Header;
                }
                Ok(rest)
            }
            State::Watch {
                file,
                left,
                padding,
            } => {
                let (part, rest) = cut(bytes, *left);
                file.data.extend_from_slice(part);
                *left = left.saturating_sub(length(part));
                if *left == 0 {
                    self.seen.push(std::mem::take(file));
                    self.state = skip(*padding);
                }
                Ok(rest)
            }
            State::Collect {
                what,
                data,
                left,
                padding,
            } => {
                let (part, rest) = cut(bytes, *left);
                data.extend_from_slice(part);
                *left = left.saturating_sub(length(part));
                if *left == 0 {
                    let (what, data, padding) = (*what, std::mem::take(data), *padding);
                    self.state = skip(padding);
                    self.extend(what, &data)?;
                }
                Ok(rest)
            }
            State::Header => {
                let missing = BLOCK.saturating_sub(self.block.len());
                let (part, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
                self.block.extend_from_slice(part);
                if self.block.len() == BLOCK {
                    let block = std::mem::take(&mut self.block);
                    self.header(&block, granted)?;
                    self.block = block;
                    self.block.clear();
                }
                Ok(rest)
            }
        }
    }

    fn extend(&mut self, what: Extended, data: &[u8]) -> Result<(), Refusal> {
        match what {
            // The engine ignores what a global header says.
            Extended::GlobalPax => Ok(()),
            Extended::Pax => self.extension.pax(data),
            Extended::LongName => pax::long(&mut self.extension.name, data),
            Extended::LongLink => pax::long(&mut self.extension.link, data),
        }
    }

    fn header(
        &mut self,
        block: &[u8],
        granted: &dyn Fn(Kind, &str) -> bool,
    ) -> Result<(), Refusal> {
        // Two blocks of zeros end an archive, and Go looks no further than the first but for an error.
        if block.iter().all(|byte| *byte == 0) {
            if !self.extension.is_empty() {
                return Err(Refusal::Malformed("an extension is followed by no entry"));
            }
            self.state = State::Opaque;
            return Ok(());
        }
        let header = Header::parse(block)?;
        let extended = match header.kind {
            Type::Pax => Extended::Pax,
            Type::GlobalPax => Extended::GlobalPax,
            Type::LongName => Extended::LongName,
            Type::LongLink => Extended::LongLink,
            Type::File
            | Type::Link
            | Type::Symlink
            | Type::Device
            | Type::Directory
            | Type::Fifo => {
                let extension = std::mem::take(&mut self.extension);
                let sized = extension.size.is_some();
                let entry = header.entry(extension)?;
                self.check(&entry, granted)?;
                self.state = self.data(&entry, sized)?;
                return Ok(());
            }
        };
        if header.size > MAX_EXTENSION {
            return Err(Refusal::Malformed(
                "an extension header is longer than 64 KiB",
            ));
        }
        let padding = padded(header.size)?.saturating_sub(header.size);
        self.state = State::Collect {
            what: extended,
            data: Vec::new(),
            left: header.size,
            padding,
        };
        if header.size == 0 {
            self.state = State::Header;
            return self.extend(extended, &[]);
        }
        Ok(())
    }

    /// What to do with the data behind an entry, whose size stands in an extension if it is `sized`.
    fn data(&mut self, entry: &Entry, sized: bool) -> Result<State, Refusal> {
        let size = padded(entry.size)?;
        let name = plain(&entry.name);
        let wanted = match &mut self.wanted {
            Wanted::Named(names) => is_named(names, &name, entry)?,
            Wanted::Small(known) => {
                let small = known.is_small(entry)?;
                // An engine with containerd's store goes by the link, wherever it stands.
                if small
                    && self
                        .links
                        .contains(&hash(&parts(&name).collect::<Vec<_>>()))
                {
                    return Err(Refusal::Malformed(
                        "a link is replaced by a file that is looked into",
                    ));
                }
                small
            }
        };
        if !wanted {
            return Ok(skip(size));
        }
        let file = Watched {
            name,
            sized,
            ..Watched::default()
        };
        if entry.size == 0 {
            self.seen.push(file);
            return Ok(State::Header);
        }
        Ok(State::Watch {
            file,
            left: entry.size,
            padding: size.saturating_sub(entry.size),
        })
    }

    fn check(
        &mut self,
        entry: &Entry,
        granted: &dyn Fn(Kind, &str) -> bool,
    ) -> Result<(), Refusal> {
        let needs = |is: bool, what: &'static str| {
            if is && !granted(Kind::TarEntry, what) {
                return Err(Refusal::Entry {
                    name: entry.name.clone(),
                    what,
                });
            }
            Ok(())
        };
        needs(outside(&entry.name), "path-outside")?;
        needs(matches!(entry.kind, Type::Device), "device")?;
        needs(entry.special, "setuid")?;
        needs(
            matches!(entry.kind, Type::Link) && outside(&entry.link),
            "link-outside",
        )?;
        needs(
            parents(&entry.name).any(|parent| self.links.contains(&hash(&parent))),
            "link-outside",
        )?;
        if matches!(entry.kind, Type::Symlink) {
            self.links
                .insert(hash(&parts(&entry.name).collect::<Vec<_>>()));
            if self.links.len() > MAX_LINKS {
                return Err(Refusal::Malformed(
                    "it makes more than 20,000 symbolic links",
                ));
            }
        }
        Ok(())
    }
}

/// Whether an entry is one of the named files, which must be files, and lie in directories.
fn is_named(names: &[String], name: &str, entry: &Entry) -> Result<bool, Refusal> {
    let above = |watched: &String| {
        watched
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    if entry.kind != Type::Directory && names.iter().any(above) {
        return Err(Refusal::Malformed(
            "the folder of a file that is looked into is none",
        ));
    }
    if !names.iter().any(|watched| watched == name) {
        return Ok(false);
    }
    if entry.kind != Type::File {
        return Err(Refusal::Malformed("a file that is looked into is none"));
    }
    if entry.size > MAX_WATCHED {
        return Err(Refusal::Malformed(
            "a file that is looked into is longer than 1 MiB",
        ));
    }
    Ok(true)
}

/// How many bytes it takes to tell every compression.
const MAGIC: usize = 6;

/// What the engine takes the bytes for, by their beginning (moby go-archive/compression, `Detect`).
fn compression(magic: &[u8]) -> Option<&'static str> {
    let skippable = matches!(magic, [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..]);
    match magic {
        [0x1F, 0x8B, ..] => Some("gzip"),
        [b'B', b'Z', b'h', ..] => Some("bzip2"),
        [0xFD, b'7', b'z', b'X', b'Z', ..] => Some("xz"),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => Some("zstd"),
        _ if skippable => Some("zstd"),
        _ => None,
    }
}

/// Whether a name leads out of the directory that the archive is unpacked in.
fn outside(name: &str) -> bool {
    name.starts_with('/') || name.split('/').any(|part| part == "..")
}

/// The parts of a name that count.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split('/').filter(|part| !matches!(*part, "" | "."))
}

/// A name without what does not count.
fn plain(name: &str) -> String {
    parts(name).collect::<Vec<_>>().join("/")
}

/// The directories that an entry lies in.
fn parents(name: &str) -> impl Iterator<Item = Vec<&str>> {
    let all: Vec<&str> = parts(name).collect();
    (1..all.len()).filter_map(move |length| all.get(..length).map(<[&str]>::to_vec))
}

/// FNV-1a. Two names with one hash cost a refusal, never a link that is not seen.
fn hash(parts: &[&str]) -> u64 {
    parts
        .iter()
        .flat_map(|part| part.bytes().chain(*b"/"))
        .fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        })
}

/// The bytes that an entry's data takes, up to the next block.
fn padded(size: u64) -> Result<u64, Refusal> {
    size.checked_next_multiple_of(512)
        .ok_or(Refusal::Malformed("an entry is too large"))
}

const fn skip(bytes: u64) -> State {
    if bytes == 0 {
        State::Header
    } else {
        State::Skip(bytes)
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// The first `most` bytes, and the rest.
fn cut(bytes: &[u8], most: u64) -> (&[u8], &[u8]) {
    usize::try_from(most)
        .ok()
        .and_then(|most| bytes.split_at_checked(most))
        .unwrap_or((bytes, &[]))
}
