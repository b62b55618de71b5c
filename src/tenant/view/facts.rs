//! What an item says about whose it is. Read before anything of it is written.

use std::borrow::Cow;

use super::cursor::{Cursor, Read, bad};
use crate::tenant::{OWNER_LABEL, Tenant};

/// The members of an object that are called `names`, as they were written. An object that has one of them twice could be
/// read in two ways. `null` has none.
pub(super) fn pick<'a, const N: usize>(
    text: &'a str,
    names: [&'static str; N],
) -> Read<[Option<&'a str>; N]> {
    if Cursor::new(text).null()? {
        return Ok([None; N]);
    }
    Search::of(text, names)?.all()
}

/// A search for members of an object.
#[derive(Debug)]
pub(super) struct Search<'a, const N: usize> {
    cursor: Cursor<'a>,
    first: bool,
    names: [&'static str; N],
    found: [Option<&'a str>; N],
}

impl<'a, const N: usize> Search<'a, N> {
    pub(super) fn of(text: &'a str, names: [&'static str; N]) -> Read<Self> {
        let mut cursor = Cursor::new(text);
        cursor.open_object()?;
        Ok(Self {
            cursor,
            first: true,
            names,
            found: [None; N],
        })
    }

    /// The first member of each name. Nobody has looked at what is behind the last of them: a rule that the object is
    /// written by must name all of them, since it is refused then where it has one of them again.
    pub(super) fn first(&mut self) -> Read<[Option<&'a str>; N]> {
        while self.found.iter().any(Option::is_none) && self.step()? {}
        Ok(self.found)
    }

    /// The members, of which there is no second one.
    pub(super) fn all(&mut self) -> Read<[Option<&'a str>; N]> {
        while self.step()? {}
        self.cursor.end()?;
        Ok(self.found)
    }

    fn step(&mut self) -> Read<bool> {
        let Some(name) = self.cursor.member(&mut self.first)? else {
            return Ok(false);
        };
        let value = self.cursor.pass()?;
        let name = name.text();
        for (wanted, place) in self.names.iter().zip(&mut self.found) {
            if name == *wanted && place.replace(value).is_some() {
                return bad(format!("it has two members `{wanted}`"));
            }
        }
        Ok(true)
    }
}

/// The elements of an array, as they were written; `null` has none.
pub(super) fn elements(text: &str) -> Read<Vec<&str>> {
    let mut elements = Vec::new();
    let mut cursor = Cursor::new(text);
    if !cursor.null()? {
        cursor.open_array()?;
        let mut first = true;
        while cursor.element(&mut first)? {
            elements.push(cursor.value()?);
        }
    }
    cursor.end()?;
    Ok(elements)
}

/// A string.
pub(super) fn string(text: &str) -> Read<Cow<'_, str>> {
    let mut cursor = Cursor::new(text);
    let string = cursor.string()?;
    cursor.end()?;
    Ok(string.text())
}

/// The strings of an array.
pub(super) fn strings(text: &str) -> Read<Vec<Cow<'_, str>>> {
    elements(text)?.into_iter().map(string).collect()
}

/// What has to be there.
pub(super) fn needed<'a>(value: Option<&'a str>, name: &str) -> Read<&'a str> {
    match value {
        Some(value) => Ok(value),
        None => bad(format!("an item has no `{name}`")),
    }
}

/// Whose something is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Owner {
    Tenant,
    Nobody,
    Other,
}

/// Whose something with these labels is.
pub(super) fn owner(tenant: &Tenant, labels: &str) -> Read<Owner> {
    let [label] = pick(labels, [OWNER_LABEL])?;
    whose(tenant, label)
}

/// Whose something is that has this owner's label.
pub(super) fn whose(tenant: &Tenant, label: Option<&str>) -> Read<Owner> {
    Ok(match label {
        None => Owner::Nobody,
        Some(label) if tenant.owns(Some(&string(label)?)) => Owner::Tenant,
        Some(_) => Owner::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::tenant;
    use super::*;

    #[test]
    fn picks_each_member_once() {
        assert_eq!(
            pick(r#"{"a":1,"b":{"a":2},"c":[3]}"#, ["c", "a", "x"]),
            Ok([Some("[3]"), Some("1"), None])
        );
        assert_eq!(pick(r#"{"\u0061":1}"#, ["a"]), Ok([Some("1")]));
        assert_eq!(pick("null", ["a"]), Ok([None]));
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, "[]", "{} {}"] {
            assert!(pick(text, ["a"]).is_err(), "{text}");
        }
    }

    #[test]
    fn the_label_tells_the_owner() {
        for (labels, expected) in [
            (r#"{"io.doodgate.tenant":"acme"}"#, Owner::Tenant),
            (r#"{"io\u002edoodgate.tenant":"acm\u0065"}"#, Owner::Tenant),
            (r#"{"io.doodgate.tenant":"acmes"}"#, Owner::Other),
            (r#"{"io.doodgate.tenant":""}"#, Owner::Other),
            (r#"{"IO.doodgate.tenant":"acme"}"#, Owner::Nobody),
            (r#"{"a":"io.doodgate.tenant"}"#, Owner::Nobody),
            ("{}", Owner::Nobody),
            ("null", Owner::Nobody),
        ] {
            assert_eq!(owner(&tenant("acme"), labels), Ok(expected), "{labels}");
        }
        for labels in [
            r#"{"io.doodgate.tenant":"acme","io.doodgate.tenant":"other"}"#,
            r#"{"io.doodgate.tenant":1}"#,
            "[]",
            "",
        ] {
            assert!(owner(&tenant("acme"), labels).is_err(), "{labels}");
        }
    }
}
