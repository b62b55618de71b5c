//! Where in a call a demand comes from.

use std::borrow::Cow;
use std::fmt;

/// A place in a call: `HostConfig.Binds[0]`, `query.networkmode`.
///
/// Kept as the steps that lead there, and written out only for who wants to read it: most calls are allowed, and
/// nobody asks.
#[derive(Clone)]
pub struct Place<'c>(Form<'c>);

#[derive(Clone)]
enum Form<'c> {
    /// The last ones of these, behind some [`Step::None`].
    Steps([Step<'c>; DEEP]),
    /// A text: a place beyond the call's own, or one that lies deeper.
    Text(Cow<'c, str>),
}

/// How many steps are kept as they are: as many as it takes to a published port.
pub(super) const DEEP: usize = 4;

/// One step on the way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'c> {
    /// None at all.
    None,
    /// The field of a struct.
    Field(&'c str),
    /// The key of a map.
    Key(&'c str),
    /// The element of an array.
    Item(usize),
}

impl Step<'_> {
    /// Appends the step to the JSON path that leads up to it.
    pub(super) fn write(self, out: &mut String) {
        match self {
            Self::None => {}
            Self::Field(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(name);
            }
            Self::Key(key) => {
                out.push_str("[\"");
                if key
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
                {
                    out.push_str(key);
                } else {
                    out.extend(key.escape_debug());
                }
                out.push_str("\"]");
            }
            Self::Item(index) => {
                out.push('[');
                out.push_str(&index.to_string());
                out.push(']');
            }
        }
    }
}

impl<'c> Place<'c> {
    /// The place that these steps lead to.
    pub(super) const fn of(steps: [Step<'c>; DEEP]) -> Self {
        Self(Form::Steps(steps))
    }

    /// The place, written out.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Form::Text(text) => Cow::Borrowed(text),
            Form::Steps(steps) => {
                let mut text = String::new();
                for step in steps {
                    step.write(&mut text);
                }
                Cow::Owned(text)
            }
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

impl fmt::Debug for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

/// Places are the same when they read the same.
impl PartialEq for Place<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Eq for Place<'_> {}

impl PartialEq<&str> for Place<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.text() == *other
    }
}

impl<'c> From<Cow<'c, str>> for Place<'c> {
    fn from(text: Cow<'c, str>) -> Self {
        Self(Form::Text(text))
    }
}

impl<'c> From<&'c str> for Place<'c> {
    fn from(text: &'c str) -> Self {
        Self(Form::Text(Cow::Borrowed(text)))
    }
}

impl From<String> for Place<'_> {
    fn from(text: String) -> Self {
        Self(Form::Text(Cow::Owned(text)))
    }
}
