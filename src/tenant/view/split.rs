//! Cutting an answer that comes in pieces into the items that it is made of.

use super::cursor::{Read, bad};
use super::nest::Nest;

/// How long one item may be. The longest real ones are images with all their labels: some kilobytes.
const ITEM_BYTES: usize = 16 << 20;
/// How much of the room for an unfinished item is kept for the next one.
const KEPT_BYTES: usize = 64 << 10;

/// How the items stand in the answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Layout {
    /// `[item, item]`, or `null` for none.
    Array,
    /// `{"NAME": [item, item], ...}`: the array of that name, or `null` for none.
    Member(&'static str),
    /// One item behind the other, with white space or RS (RFC 7464) around them.
    Stream,
}

/// A part of the answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part<'p> {
    /// The array begins.
    Open,
    /// An object, from its brace to its brace: balanced, and otherwise not looked at.
    Item {
        bytes: &'p [u8],
        /// Whether RS stands in front of it.
        record: bool,
    },
    /// The array ends.
    Close,
}

/// Cuts. What comes out does not depend on how the input is cut into pieces.
#[derive(Debug)]
pub(super) struct Splitter {
    layout: Layout,
    state: State,
    nest: Nest,
    /// The beginning of an item, a name or a word whose end has not come yet.
    held: Vec<u8>,
    record: bool,
    /// Whether the array of [`Layout::Member`] has been there.
    found: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Before everything.
    Start,
    /// In front of a member's name; the first may be missing.
    Name { first: bool },
    /// Within something that ends by itself.
    Within(What),
    /// Behind a member's name.
    Colon { wanted: bool },
    /// In front of a member's value.
    Value { wanted: bool },
    /// Within `null`, a number or the like.
    InWord { wanted: bool },
    /// Behind a member.
    BehindMember,
    /// In front of an item; the first may be missing.
    Item { first: bool },
    /// Behind an item.
    BehindItem,
    /// Behind everything.
    End,
}

/// What ends by itself: a string, an array or an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Item,
    /// A member's name.
    Name,
    /// A value that nobody wants.
    Value,
}

impl Splitter {
    pub(super) const fn new(layout: Layout) -> Self {
        Self {
            layout,
            state: State::Start,
            nest: Nest::new(),
            held: Vec::new(),
            record: false,
            found: false,
        }
    }

    /// Takes the next piece of the answer, and hands out the parts that are complete.
    pub(super) fn push(
        &mut self,
        input: &[u8],
        take: &mut impl FnMut(Part<'_>) -> Read<()>,
    ) -> Read<()> {
        let mut rest = input;
        while let Some((&byte, behind)) = rest.split_first() {
            let used = if let State::Within(what) = self.state {
                self.within(what, rest, take)?
            } else if matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                1
            } else {
                self.sign(byte, take)?
            };
            rest = if used == 1 {
                behind
            } else {
                rest.get(used..).unwrap_or_default()
            };
        }
        Ok(())
    }

    /// Takes the end of the answer.
    pub(super) fn finish(&mut self, take: &mut impl FnMut(Part<'_>) -> Read<()>) -> Read<()> {
        match (self.layout, self.state) {
            (Layout::Stream, State::Start) | (Layout::Array, State::End) => Ok(()),
            (Layout::Array, State::InWord { .. }) if self.held == b"null" => {
                take(Part::Open)?;
                take(Part::Close)
            }
            (Layout::Member(_), State::End) if self.found => Ok(()),
            (Layout::Member(name), State::End) => bad(format!("it has no `{name}`")),
            (Layout::Array | Layout::Member(_) | Layout::Stream, _) => bad("it ends too early"),
        }
    }

    /// Goes on within an item, a name or a value. Answers how many bytes belong to it.
    fn within(
        &mut self,
        what: What,
        rest: &[u8],
        take: &mut impl FnMut(Part<'_>) -> Read<()>,
    ) -> Read<usize> {
        let (used, complete) = self.nest.run(rest)?;
        let piece = rest.get(..used).unwrap_or_default();
        let whole_here = complete && self.held.is_empty();
        if what != What::Value && !whole_here {
            if self.held.len().saturating_add(used) > ITEM_BYTES {
                return bad(format!("an item is longer than {ITEM_BYTES} bytes"));
            }
            self.held.extend_from_slice(piece);
        }
        if !complete {
            return Ok(used);
        }
        let bytes = if whole_here { piece } else { &self.held };
        self.state = match what {
            What::Name => State::Colon {
                wanted: matches!(self.layout, Layout::Member(name) if is_name(bytes, name)),
            },
            What::Item => {
                let record = std::mem::replace(&mut self.record, false);
                take(Part::Item { bytes, record })?;
                match self.layout {
                    Layout::Stream => State::Start,
                    Layout::Array | Layout::Member(_) => State::BehindItem,
                }
            }
            What::Value => State::BehindMember,
        };
        self.held.clear();
        self.held.shrink_to(KEPT_BYTES);
        Ok(used)
    }

    /// Takes one sign between items. Answers how many bytes that were: none where the sign is to be looked at again.
    fn sign(&mut self, byte: u8, take: &mut impl FnMut(Part<'_>) -> Read<()>) -> Read<usize> {
        let mut used = 1;
        self.state = match (self.state, byte) {
            (State::Start, b'{') if self.layout == Layout::Stream => {
                used = 0;
                State::Within(What::Item)
            }
            (State::Start, RECORD) if self.layout == Layout::Stream => {
                self.record = true;
                State::Start
            }
            (State::Start, b'[') if self.layout == Layout::Array => {
                take(Part::Open)?;
                State::Item { first: true }
            }
            (State::Start, b'n') if self.layout == Layout::Array => {
                used = 0;
                State::InWord { wanted: false }
            }
            (State::Start, b'{') if matches!(self.layout, Layout::Member(_)) => {
                State::Name { first: true }
            }
            (State::Name { .. }, b'"') => {
                used = 0;
                State::Within(What::Name)
            }
            (State::Name { first: true } | State::BehindMember, b'}') => State::End,
            (State::Colon { wanted }, b':') => State::Value { wanted },
            (State::Value { wanted: true }, b'[') => {
                self.find()?;
                take(Part::Open)?;
                State::Item { first: true }
            }
            (State::Value { wanted: false }, b'{' | b'[' | b'"') => {
                used = 0;
                State::Within(What::Value)
            }
            (State::Value { wanted }, b'a'..=b'z' | b'0'..=b'9' | b'-') => {
                used = 0;
                State::InWord { wanted }
            }
            (State::InWord { wanted }, b',' | b'}') if self.layout != Layout::Array => {
                let null = self.held == b"null";
                self.held.clear();
                if wanted {
                    if !null {
                        return bad("its list is no list");
                    }
                    self.find()?;
                    take(Part::Open)?;
                    take(Part::Close)?;
                }
                used = 0;
                State::BehindMember
            }
            (State::InWord { wanted }, _) if self.held.len() < WORD_BYTES => {
                self.held.push(byte);
                State::InWord { wanted }
            }
            (State::BehindMember, b',') => State::Name { first: false },
            (State::Item { .. }, b'{') => {
                used = 0;
                State::Within(What::Item)
            }
            (State::Item { first: true } | State::BehindItem, b']') => {
                take(Part::Close)?;
                match self.layout {
                    Layout::Array | Layout::Stream => State::End,
                    Layout::Member(_) => State::BehindMember,
                }
            }
            (State::BehindItem, b',') => State::Item { first: false },
            (_, other) => {
                return bad(format!("`{}` stands between items", other.escape_ascii()));
            }
        };
        Ok(used)
    }

    fn find(&mut self) -> Read<()> {
        if std::mem::replace(&mut self.found, true) {
            return bad("it has two lists of one name");
        }
        Ok(())
    }
}

/// RS of RFC 7464.
pub(super) const RECORD: u8 = 0x1E;
/// How long a number may be.
const WORD_BYTES: usize = 64;

fn is_name(quoted: &[u8], name: &str) -> bool {
    quoted
        .strip_prefix(b"\"")
        .and_then(|text| text.strip_suffix(b"\""))
        .is_some_and(|text| text == name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts in short: `[` and `]` for the array's ends, the items between them.
    fn parts(layout: Layout, pieces: &[&[u8]]) -> Read<String> {
        let mut out = String::new();
        let mut take = |part: Part<'_>| {
            match part {
                Part::Open => out.push('['),
                Part::Close => out.push(']'),
                Part::Item { bytes, record } => {
                    out.push_str(if record { "#" } else { "" });
                    out.push_str(std::str::from_utf8(bytes).unwrap());
                }
            }
            Ok(())
        };
        let mut splitter = Splitter::new(layout);
        for piece in pieces {
            splitter.push(piece, &mut take)?;
        }
        splitter.finish(&mut take)?;
        Ok(out)
    }

    const VOLUMES: Layout = Layout::Member("Volumes");

    #[test]
    fn cuts_at_items_wherever_the_pieces_end() {
        for (layout, text, expected) in [
            (Layout::Array, "[]", "[]"),
            (Layout::Array, " null\n", "[]"),
            (Layout::Array, "[{}]\n", "[{}]"),
            (
                Layout::Array,
                r#"[ {"a":"}\"]{"} , {"b":[{},{"c":"\\"}]}]"#,
                r#"[{"a":"}\"]{"}{"b":[{},{"c":"\\"}]}]"#,
            ),
            (VOLUMES, r#"{"Volumes":[],"Warnings":null}"#, "[]"),
            (VOLUMES, r#"{"Volumes":null,"Warnings":["[{"]}"#, "[]"),
            (
                VOLUMES,
                r#"{"Warnings":null, "X" : 12, "Volumes" : [{"a":1},{"b":2}] , "Y":{"Volumes":[{}]}}"#,
                r#"[{"a":1}{"b":2}]"#,
            ),
            (Layout::Stream, "", ""),
            (
                Layout::Stream,
                "{\"a\":1}\n{\"b\":2}{\"c\":3} \r\n",
                "{\"a\":1}{\"b\":2}{\"c\":3}",
            ),
            (
                Layout::Stream,
                "\x1e{\"a\":1}\n\x1e{\"b\":2}\n{\"c\":3}",
                "#{\"a\":1}#{\"b\":2}{\"c\":3}",
            ),
        ] {
            let bytes = text.as_bytes();
            for cut in 0..=bytes.len() {
                let (before, behind) = bytes.split_at(cut);
                assert_eq!(
                    parts(layout, &[before, behind]).as_deref(),
                    Ok(expected),
                    "{text}"
                );
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(parts(layout, &single).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_laid_out_otherwise() {
        for (layout, text) in [
            (Layout::Array, ""),
            (Layout::Array, "{}"),
            (Layout::Array, "[1]"),
            (Layout::Array, "[{}"),
            (Layout::Array, "[{},]"),
            (Layout::Array, "[{}{}]"),
            (Layout::Array, "[,{}]"),
            (Layout::Array, "[]]"),
            (Layout::Array, "[][]"),
            (Layout::Array, "nul"),
            (Layout::Array, "null,"),
            (Layout::Array, "nullnull"),
            (Layout::Array, "[{\"a\":\"\n\"}]"),
            (Layout::Array, "<html>"),
            (VOLUMES, "[]"),
            (VOLUMES, "{}"),
            (VOLUMES, r#"{"Warnings":null}"#),
            (VOLUMES, r#"{"Volumes":[]"#),
            (VOLUMES, r#"{"Volumes":[],"Volumes":[{}]}"#),
            (VOLUMES, r#"{"Volumes":null,"Volumes":[{}]}"#),
            (VOLUMES, r#"{"Volumes":{}}"#),
            (VOLUMES, r#"{"Volumes":nil}"#),
            (VOLUMES, r#"{"Volumes":[]}{}"#),
            (Layout::Stream, "{"),
            (Layout::Stream, "[]"),
            (Layout::Stream, "{},{}"),
            (Layout::Stream, "oops"),
        ] {
            assert!(parts(layout, &[text.as_bytes()]).is_err(), "{text}");
        }
    }

    #[test]
    fn an_item_has_a_limit_and_a_list_has_none() {
        let mut splitter = Splitter::new(Layout::Array);
        let mut count = 0;
        let mut take = |part: Part<'_>| {
            count += usize::from(matches!(part, Part::Item { .. }));
            Ok(())
        };
        splitter.push(b"[{}", &mut take).unwrap();
        for _ in 0..10_000 {
            splitter.push(b",{\"a\":", &mut take).unwrap();
            splitter.push(b"\"b\"}", &mut take).unwrap();
        }
        assert!(splitter.held.capacity() <= KEPT_BYTES);
        let piece = vec![b' '; 1 << 20];
        splitter.push(b",{", &mut take).unwrap();
        let ended = (0..20).find_map(|_| splitter.push(&piece, &mut take).err());
        assert!(ended.is_some());
        assert_eq!(count, 10_001);
    }
}
