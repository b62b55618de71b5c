//! Archives that came through gzip (RFC 1952), taken out of it while they stream.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use super::Refusal;

/// What is taken out at a time.
const PIECE: usize = 16 * 1024;
const NAME: u8 = 8;
const COMMENT: u8 = 16;

/// A reader of one gzip member. Engines differ in what they make of more than one, so there may be no other.
pub struct Gunzip {
    stage: Stage,
    state: Box<InflateState>,
    out: Vec<u8>,
}

impl std::fmt::Debug for Gunzip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gunzip")
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Stage {
    /// The header's ten bytes, so far.
    Header(Vec<u8>),
    /// Texts behind the header, of which so many are still to come.
    Texts(u32),
    Body,
    /// The check sum and the length, of which so many bytes are still to come.
    Trailer(usize),
}

impl Default for Gunzip {
    fn default() -> Self {
        Self {
            stage: Stage::Header(Vec::new()),
            state: InflateState::new_boxed(DataFormat::Raw),
            out: vec![0; PIECE],
        }
    }
}

impl Gunzip {
    /// Takes the next piece, and hands on what comes out of it.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] where two readers could read different things, and what `take` refuses.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        take: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        while let Some((first, rest)) = bytes.split_first() {
            match &mut self.stage {
                Stage::Header(begun) => {
                    begun.push(*first);
                    bytes = rest;
                    if begun.len() == 10 {
                        self.stage = header(begun)?;
                    }
                }
                Stage::Texts(left) => {
                    bytes = rest;
                    if *first == 0 {
                        *left = left.saturating_sub(1);
                    }
                    if *left == 0 {
                        self.stage = Stage::Body;
                    }
                }
                Stage::Body => bytes = self.inflate(bytes, take)?,
                Stage::Trailer(0) => {
                    return Err(Refusal::Malformed("something follows its gzip stream"));
                }
                Stage::Trailer(left) => {
                    *left = left.saturating_sub(1);
                    bytes = rest;
                }
            }
        }
        Ok(())
    }

    /// Says whether the stream may end here.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] inside the stream.
    pub fn finish(&self) -> Result<(), Refusal> {
        match self.stage {
            Stage::Trailer(0) => Ok(()),
            Stage::Header(_) | Stage::Texts(_) | Stage::Body | Stage::Trailer(_) => {
                Err(Refusal::Malformed("it ends inside its gzip stream"))
            }
        }
    }

    fn inflate<'b>(
        &mut self,
        mut bytes: &'b [u8],
        take: &mut dyn FnMut(&[u8]) -> Result<(), Refusal>,
    ) -> Result<&'b [u8], Refusal> {
        loop {
            let done = inflate(&mut self.state, bytes, &mut self.out, MZFlush::None);
            let written = self.out.get(..done.bytes_written).unwrap_or_default();
            if !written.is_empty() {
                take(written)?;
            }
            bytes = bytes.get(done.bytes_consumed..).unwrap_or_default();
            match done.status {
                Ok(MZStatus::StreamEnd) => {
                    self.stage = Stage::Trailer(8);
                    return Ok(bytes);
                }
                Ok(MZStatus::Ok | MZStatus::NeedDict)
                    if done.bytes_written > 0 || done.bytes_consumed > 0 => {}
                // Nothing more comes without more input.
                _ if bytes.is_empty() => return Ok(bytes),
                _ => return Err(Refusal::Malformed("its gzip stream is broken")),
            }
            if bytes.is_empty() && done.bytes_written < PIECE {
                return Ok(bytes);
            }
        }
    }
}

fn header(bytes: &[u8]) -> Result<Stage, Refusal> {
    let [0x1F, 0x8B, 8, flags, ..] = bytes else {
        return Err(Refusal::Malformed("its gzip header is malformed"));
    };
    if flags & !(NAME | COMMENT) != 0 {
        return Err(Refusal::Malformed("its gzip header has unusual fields"));
    }
    Ok(match (flags & (NAME | COMMENT)).count_ones() {
        0 => Stage::Body,
        texts => Stage::Texts(texts),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::deflate::compress_to_vec;

    fn member(data: &[u8], flags: u8, texts: &[u8]) -> Vec<u8> {
        let mut all = vec![0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 3];
        all.extend_from_slice(texts);
        all.extend(compress_to_vec(data, 6));
        all.extend([0; 8]);
        all
    }

    fn out(input: &[u8], size: usize) -> Result<Vec<u8>, Refusal> {
        let mut all = Vec::new();
        let mut gunzip = Gunzip::default();
        for piece in input.chunks(size) {
            gunzip.push(piece, &mut |bytes| {
                all.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        gunzip.finish()?;
        Ok(all)
    }

    #[test]
    fn what_went_in_comes_out_in_pieces_of_any_size() {
        let data: Vec<u8> = (0..200_000_u32)
            .flat_map(|n| (n / 7).to_le_bytes())
            .collect();
        for (flags, texts) in [
            (0, &b""[..]),
            (NAME, b"a.tar\0"),
            (NAME | COMMENT, b"a\0b\0"),
        ] {
            let input = member(&data, flags, texts);
            for size in [1, 7, 512, 1 << 20] {
                assert_eq!(out(&input, size).as_ref(), Ok(&data), "{flags} {size}");
            }
        }
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        let good = member(b"hello", 0, b"");
        let mut two = good.clone();
        two.extend(&good);
        let mut zeros = good.clone();
        zeros.push(0);
        let cut = good.get(..good.len() - 9).unwrap_or_default().to_vec();
        let mut broken = good.clone();
        broken.iter_mut().skip(10).for_each(|byte| *byte = 0xFF);
        let extra = member(b"hello", 4, b"\0\0");
        for input in [two, zeros, cut, broken, extra, b"PK".to_vec()] {
            assert!(out(&input, 3).is_err(), "{input:?}");
        }
    }
}
