//! What comes before a header and belongs to it: PAX records, and GNU's long names.

use super::Refusal;

/// What the extensions said of the next entry.
#[derive(Debug, Default)]
pub(super) struct Extension {
    pub(super) name: Option<String>,
    pub(super) link: Option<String>,
    pub(super) size: Option<u64>,
    /// The file would have capabilities.
    pub(super) capability: bool,
    /// There was a PAX header.
    seen: bool,
}

impl Extension {
    pub(super) const fn is_empty(&self) -> bool {
        self.name.is_none() && self.link.is_none() && self.size.is_none() && !self.seen
    }

    /// Reads records, each `LENGTH KEY=VALUE` and a line feed.
    pub(super) fn pax(&mut self, data: &[u8]) -> Result<(), Refusal> {
        let malformed = || Refusal::Malformed("a PAX record is malformed");
        // Go forgets the first of two.
        if std::mem::replace(&mut self.seen, true) {
            return Err(Refusal::Malformed("an entry has two PAX headers"));
        }
        let mut rest = std::str::from_utf8(data).map_err(|_| malformed())?;
        while !rest.is_empty() {
            let (length, _) = rest.split_once(' ').ok_or_else(malformed)?;
            if !length.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(malformed());
            }
            let total = length.parse().map_err(|_| malformed())?;
            let (record, after) = rest.split_at_checked(total).ok_or_else(malformed)?;
            let record = record
                .get(length.len().saturating_add(1)..)
                .ok_or_else(malformed)?;
            let (key, value) = record
                .strip_suffix('\n')
                .and_then(|record| record.split_once('='))
                .ok_or_else(malformed)?;
            self.record(key, value)?;
            rest = after;
        }
        Ok(())
    }

    fn record(&mut self, key: &str, value: &str) -> Result<(), Refusal> {
        match key {
            "path" => once(&mut self.name, value),
            "linkpath" => once(&mut self.link, value),
            "size" => {
                let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
                let size = value
                    .parse::<i64>()
                    .ok()
                    .and_then(|size| u64::try_from(size).ok());
                match (digits, size, self.size) {
                    (true, Some(size), None) => {
                        self.size = Some(size);
                        Ok(())
                    }
                    _ => Err(Refusal::Malformed(
                        "a PAX size is malformed, or comes twice",
                    )),
                }
            }
            "SCHILY.xattr.security.capability" => {
                self.capability = true;
                Ok(())
            }
            _ if key.starts_with("GNU.sparse.") => {
                Err(Refusal::Malformed("sparse files are not supported"))
            }
            _ => Ok(()),
        }
    }
}

/// Keeps a long name: what comes up to the first NUL.
pub(super) fn long(slot: &mut Option<String>, data: &[u8]) -> Result<(), Refusal> {
    let end = data
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(data.len());
    let text = data
        .get(..end)
        .and_then(|text| std::str::from_utf8(text).ok());
    once(slot, text.ok_or(Refusal::Malformed("a name is not UTF-8"))?)
}

fn once(slot: &mut Option<String>, value: &str) -> Result<(), Refusal> {
    if value.is_empty() || value.contains('\0') {
        return Err(Refusal::Malformed("a name is empty or holds NUL"));
    }
    match slot.replace(value.to_owned()) {
        None => Ok(()),
        Some(_) => Err(Refusal::Malformed("an entry is given two names")),
    }
}
