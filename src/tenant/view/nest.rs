//! Finding the end of a value without a look at what is in it.

use super::cursor::{Read, bad, plain};

/// Finds the end of a string, an array or an object, whose bytes may come in pieces: where as many brackets have been
/// closed as opened, whichever they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nest {
    depth: usize,
    text: Text,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Text {
    Outside,
    Inside,
    /// Behind a backslash.
    Escape,
}

impl Nest {
    pub(super) const fn new() -> Self {
        Self {
            depth: 0,
            text: Text::Outside,
        }
    }

    /// How many bytes of `bytes` belong to the value, and whether it is complete with them.
    pub(super) fn run(&mut self, bytes: &[u8]) -> Read<(usize, bool)> {
        // In registers while the loop runs.
        let Self {
            mut depth,
            mut text,
        } = *self;
        let mut rest = bytes;
        let complete = loop {
            let skipped = match text {
                Text::Outside => rest.iter().position(|byte| is_sign(*byte)),
                Text::Inside => Some(plain(rest)),
                Text::Escape => Some(0),
            };
            let found = skipped.and_then(|skipped| rest.get(skipped..)?.split_first());
            let Some((&byte, behind)) = found else {
                rest = &[];
                break false;
            };
            rest = behind;
            match (text, byte) {
                (Text::Outside, b'"') | (Text::Escape, _) => text = Text::Inside,
                (Text::Outside, b'{' | b'[') => depth = depth.saturating_add(1),
                (Text::Outside, _) => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break true;
                    }
                }
                (Text::Inside, b'"') => {
                    text = Text::Outside;
                    if depth == 0 {
                        break true;
                    }
                }
                (Text::Inside, b'\\') => text = Text::Escape,
                (Text::Inside, _) => return bad("there is a control character in a string"),
            }
        };
        *self = Self { depth, text };
        Ok((bytes.len().saturating_sub(rest.len()), complete))
    }
}

/// Whether a byte outside of strings changes where one is.
const fn is_sign(byte: u8) -> bool {
    matches!(byte, b'"' | b'{' | b'}' | b'[' | b']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_where_the_value_does_however_it_is_cut() {
        for (value, behind) in [
            ("{}", ",{}"),
            ("[[],{\"a\":[\"]\"]}]", "]"),
            ("\"a\\\"b\\\\\"", "\"c\""),
            ("{\"a\":\"\\u007d}\"}", "}"),
        ] {
            let text = format!("{value}{behind}");
            for cut in 0..value.len() {
                let mut nest = Nest::new();
                let (first, rest) = text.as_bytes().split_at(cut);
                assert_eq!(nest.run(first), Ok((cut, false)), "{text} at {cut}");
                assert_eq!(
                    nest.run(rest),
                    Ok((value.len() - cut, true)),
                    "{text} at {cut}"
                );
            }
        }
    }

    #[test]
    fn a_line_break_in_a_string_is_no_json() {
        assert!(Nest::new().run(b"[\"a\nb\"]").is_err());
    }
}
