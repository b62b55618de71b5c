//! A header block, as Go reads it (Go 1.26, src/archive/tar/reader.go and format.go).

use super::Refusal;
use super::pax::Extension;

/// The size of a header.
pub(super) const BLOCK: usize = 512;

/// What a header stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    File,
    Link,
    Symlink,
    Device,
    Directory,
    Fifo,
    Pax,
    GlobalPax,
    LongName,
    LongLink,
}

/// One header.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) kind: Type,
    pub(super) size: u64,
    name: String,
    link: String,
    mode: u64,
    /// Type `NUL`, which is a directory where the name ends in a slash.
    old: bool,
}

/// One entry: a header and what extensions said of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: Type,
    pub(super) name: String,
    pub(super) link: String,
    /// The bytes of data behind the header.
    pub(super) size: u64,
    /// Whether the file would run as its owner, its group, or with capabilities.
    pub(super) special: bool,
}

impl Header {
    pub(super) fn parse(block: &[u8]) -> Result<Self, Refusal> {
        let field = |from: usize, to: usize| block.get(from..to).unwrap_or_default();
        check_sum(block, octal(field(148, 156))?)?;
        let kind = match field(156, 157) {
            [0 | b'0' | b'7'] => Type::File,
            b"1" => Type::Link,
            b"2" => Type::Symlink,
            b"3" | b"4" => Type::Device,
            b"5" => Type::Directory,
            b"6" => Type::Fifo,
            b"x" => Type::Pax,
            b"g" => Type::GlobalPax,
            b"L" => Type::LongName,
            b"K" => Type::LongLink,
            b"S" => return Err(Refusal::Malformed("sparse files are not supported")),
            _ => return Err(Refusal::Malformed("an entry has an unknown type")),
        };
        let prefix = match (field(257, 263), field(508, 512)) {
            (b"ustar\0", b"tar\0") => text(field(345, 476))?,
            (b"ustar\0", _) => text(field(345, 500))?,
            // Go reads these bytes as a time, or as a prefix where they are none.
            (b"ustar ", _)
                if !field(345, 369)
                    .iter()
                    .all(|byte| matches!(byte, 0 | b' ' | b'0'..=b'7')) =>
            {
                return Err(Refusal::Malformed("an entry's times are malformed"));
            }
            _ => String::new(),
        };
        let name = text(field(0, 100))?;
        Ok(Self {
            kind,
            size: number(field(124, 136))?,
            name: if prefix.is_empty() {
                name
            } else {
                format!("{prefix}/{name}")
            },
            link: text(field(157, 257))?,
            mode: number(field(100, 108))?,
            old: field(156, 157) == [0],
        })
    }

    /// The entry, with what the extensions before it said.
    pub(super) fn entry(self, extension: Extension) -> Result<Entry, Refusal> {
        let name = extension.name.unwrap_or(self.name);
        let link = extension.link.unwrap_or(self.link);
        if name.is_empty() {
            return Err(Refusal::Malformed("an entry has no name"));
        }
        let kind = if self.old && name.ends_with('/') {
            Type::Directory
        } else {
            self.kind
        };
        let size = extension.size.unwrap_or(self.size);
        Ok(Entry {
            special: kind == Type::File && (self.mode & 0o6000 != 0 || extension.capability),
            // Go expects data behind files alone.
            size: if kind == Type::File { size } else { 0 },
            kind,
            name,
            link,
        })
    }
}

/// The header's bytes, with spaces for the field of their sum.
fn summed(block: &[u8]) -> impl Iterator<Item = u8> {
    block.iter().enumerate().map(|(at, byte)| {
        if (148..156).contains(&at) {
            b' '
        } else {
            *byte
        }
    })
}

/// The sum of the header's bytes.
pub(super) fn check_sum_of(block: &[u8]) -> i64 {
    summed(block).fold(0_i64, |sum, byte| sum.saturating_add(i64::from(byte)))
}

/// Old writers summed signed bytes.
fn check_sum(block: &[u8], expected: u64) -> Result<(), Refusal> {
    let signed = summed(block).fold(0_i64, |sum, byte| {
        sum.saturating_add(i64::from(i8::from_le_bytes([byte])))
    });
    let expected = i64::try_from(expected).unwrap_or(i64::MAX);
    if check_sum_of(block) == expected || signed == expected {
        Ok(())
    } else {
        Err(Refusal::Malformed("a header's check sum is wrong"))
    }
}

/// Text up to the first NUL.
fn text(field: &[u8]) -> Result<String, Refusal> {
    let end = field
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(field.len());
    let text = field.get(..end).unwrap_or_default();
    String::from_utf8(text.to_vec()).map_err(|_| Refusal::Malformed("a name is not UTF-8"))
}

/// A number in octal digits, or in base 256 where the first bit is set.
fn number(field: &[u8]) -> Result<u64, Refusal> {
    match field.split_first() {
        Some((first, rest)) if first & 0x80 != 0 => {
            if first & 0x40 != 0 {
                return Err(Refusal::Malformed("a header has a negative number"));
            }
            rest.iter()
                .try_fold(u64::from(first & 0x3F), |number, byte| {
                    number.checked_mul(256)?.checked_add(u64::from(*byte))
                })
                .filter(|number| i64::try_from(*number).is_ok())
                .ok_or(Refusal::Malformed("a header has a number beyond 63 bits"))
        }
        Some(_) | None => octal(field),
    }
}

fn octal(field: &[u8]) -> Result<u64, Refusal> {
    let malformed = Refusal::Malformed("a header has a malformed number");
    let trimmed = std::str::from_utf8(field)
        .map_err(|_| malformed.clone())?
        .trim_matches([' ', '\0']);
    // Go stops at the first NUL.
    let digits = trimmed.split('\0').next().unwrap_or_default();
    if digits.is_empty() {
        return Ok(0);
    }
    if !digits.bytes().all(|byte| matches!(byte, b'0'..=b'7')) {
        return Err(malformed);
    }
    u64::from_str_radix(digits, 8).map_err(|_| malformed)
}
