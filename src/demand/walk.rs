//! The way through a body: types checked, names matched, demands collected.

use std::borrow::Cow;
use std::fmt;

use super::place::{DEEP, Place, Step};
use super::schema::{Field, Rule, Struct, Type};
use super::{BadBody, Demand, Kind, Value as Asked};
use crate::api::json::{Member, Value, has_folded_twins};

/// Where a value lies in a body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Path<'p, 'c> {
    Root,
    Field(&'p Self, &'c str),
    Key(&'p Self, &'c str),
    Item(&'p Self, usize),
}

impl<'c> Path<'_, 'c> {
    /// The last step, and where it starts.
    const fn step(&self) -> Option<(&Self, Step<'c>)> {
        match self {
            Self::Root => None,
            Self::Field(above, name) => Some((above, Step::Field(name))),
            Self::Key(above, key) => Some((above, Step::Key(key))),
            Self::Item(above, index) => Some((above, Step::Item(*index))),
        }
    }

    /// The place that it leads to.
    pub(super) fn place(&self) -> Place<'c> {
        let mut steps = [Step::None; DEEP];
        let mut at = self;
        for kept in steps.iter_mut().rev() {
            let Some((above, step)) = at.step() else {
                break;
            };
            *kept = step;
            at = above;
        }
        match at {
            Self::Root => Place::of(steps),
            Self::Field(..) | Self::Key(..) | Self::Item(..) => self.to_string().into(),
        }
    }

    fn write(&self, out: &mut String) {
        if let Some((above, step)) = self.step() {
            above.write(out);
            step.write(out);
        }
    }
}

impl fmt::Display for Path<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write(&mut text);
        f.write_str(&text)
    }
}

/// The demands found so far.
#[derive(Debug, Default)]
pub(super) struct Walk<'c> {
    pub demands: Vec<Demand<'c>>,
}

impl<'c> Walk<'c> {
    /// Adds a demand that only a grant of its kind allows.
    pub(super) fn ask(&mut self, kind: Kind, text: impl Into<Cow<'c, str>>, path: &Path<'_, 'c>) {
        self.push(kind, Asked::Text(text.into()), path, false);
    }

    /// Adds a demand that only a rule's restriction refuses.
    pub(super) fn tell(&mut self, kind: Kind, text: impl Into<Cow<'c, str>>, path: &Path<'_, 'c>) {
        self.push(kind, Asked::Text(text.into()), path, true);
    }

    /// Adds the demand of joining a network by its name, or what stands in its place.
    pub(super) fn join(&mut self, network: &'c str, path: &Path<'_, 'c>) {
        let safe = network != "host" && !network.contains(':');
        self.push(
            Kind::NetworkMode,
            Asked::Text(Cow::Borrowed(network)),
            path,
            safe,
        );
    }

    /// Adds a demand that was found in a text of the call, and outlives what was read of it.
    pub(super) fn found(&mut self, kind: Kind, text: String, path: &Path<'_, '_>, safe: bool) {
        self.demands.push(Demand {
            kind,
            value: Asked::Text(Cow::Owned(text)),
            place: path.to_string().into(),
            safe,
        });
    }

    /// Adds a demand, safe or not by its value.
    pub(super) fn push(&mut self, kind: Kind, value: Asked<'c>, path: &Path<'_, 'c>, safe: bool) {
        self.demands.push(Demand {
            kind,
            value,
            place: path.place(),
            safe,
        });
    }

    /// Walks through what the engine decodes into `shape`.
    pub(super) fn value(
        &mut self,
        shape: Type,
        value: &'c Value<'c>,
        path: &Path<'_, 'c>,
    ) -> Result<(), BadBody> {
        match (shape, value) {
            (_, Value::Null)
            | (Type::Bool, Value::Bool(_))
            | (Type::Float, Value::Number(_))
            | (Type::Text | Type::Words, Value::Text(_)) => Ok(()),
            (Type::Int, Value::Number(digits)) => {
                if digits.parse::<i64>().is_ok() || digits.parse::<u64>().is_ok() {
                    Ok(())
                } else {
                    Err(wrong(path, "a whole number of at most 64 bits"))
                }
            }
            (Type::List(inner), Value::Array(items)) => self.items(*inner, items, path),
            (Type::Words, Value::Array(items)) => self.items(Type::Text, items, path),
            (Type::Structs(table), Value::Array(items)) => {
                self.items(Type::Struct(table), items, path)
            }
            (Type::Map(inner), Value::Object(members)) => self.entries(*inner, members, path),
            (Type::StructMap(table), Value::Object(members)) => {
                self.entries(Type::Struct(table), members, path)
            }
            (Type::StructsMap(table), Value::Object(members)) => {
                self.entries(Type::Structs(table), members, path)
            }
            (Type::Struct(table), Value::Object(members)) => {
                self.table(table, value, members, path)
            }
            (Type::Unread, value) => unambiguous(value, path),
            (Type::Bool, _) => Err(wrong(path, "true or false")),
            (Type::Int, _) => Err(wrong(path, "a whole number")),
            (Type::Float, _) => Err(wrong(path, "a number")),
            (Type::Text, _) => Err(wrong(path, "a string")),
            (Type::Words, _) => Err(wrong(path, "a string or an array of strings")),
            (Type::List(_) | Type::Structs(_), _) => Err(wrong(path, "an array")),
            (Type::Map(_) | Type::Struct(_) | Type::StructMap(_) | Type::StructsMap(_), _) => {
                Err(wrong(path, "an object"))
            }
        }
    }

    /// The values of a map, whose keys are data.
    fn entries(
        &mut self,
        inner: Type,
        members: &'c [Member<'c>],
        path: &Path<'_, 'c>,
    ) -> Result<(), BadBody> {
        members
            .iter()
            .try_for_each(|member| self.value(inner, &member.value, &Path::Key(path, &member.name)))
    }

    /// An element that is `null` is refused: in some arrays the engine would follow a nil pointer, and no client sends one.
    fn items(
        &mut self,
        inner: Type,
        items: &'c [Value<'c>],
        path: &Path<'_, 'c>,
    ) -> Result<(), BadBody> {
        for (index, item) in items.iter().enumerate() {
            let here = Path::Item(path, index);
            if item.is_null() {
                return Err(wrong(&here, "something other than null"));
            }
            self.value(inner, item, &here)?;
        }
        Ok(())
    }

    fn table(
        &mut self,
        table: &'static Struct,
        value: &'c Value<'c>,
        members: &'c [Member<'c>],
        path: &Path<'_, 'c>,
    ) -> Result<(), BadBody> {
        let mut names = Names::new(table);
        let mut strangers = false;
        for member in members {
            if !member.name.is_ascii() {
                return Err(BadBody::ForeignName {
                    place: Path::Field(path, &member.name).to_string(),
                });
            }
            match names.find(&member.name) {
                Found::Field(field) => self.field(field, &member.value, path)?,
                Found::Twin(field) => {
                    return Err(BadBody::FoldedTwin {
                        place: Path::Field(path, field.name).to_string(),
                    });
                }
                Found::Nothing => {
                    strangers = true;
                    self.stranger(table, member, path)?;
                }
            }
        }
        if strangers && let Some(twin) = has_folded_twins(members) {
            return Err(BadBody::FoldedTwin {
                place: Path::Field(path, twin).to_string(),
            });
        }
        if let Some(judge) = table.whole {
            judge(self, path, value);
        }
        Ok(())
    }

    fn field(
        &mut self,
        field: &'static Field,
        value: &'c Value<'c>,
        above: &Path<'_, 'c>,
    ) -> Result<(), BadBody> {
        let path = Path::Field(above, field.name);
        self.value(field.shape, value, &path)?;
        self.rule(field.rule, value, &path);
        Ok(())
    }

    /// Adds what a rule says of a value whose type has been checked.
    pub(super) fn rule(&mut self, rule: Rule, value: &'c Value<'c>, path: &Path<'_, 'c>) {
        match rule {
            Rule::Free => {}
            Rule::Tell(kind) => self.each(kind, value, path, true),
            Rule::Ask(kind) => self.each(kind, value, path, false),
            Rule::By(judge) => {
                if !value.is_null() {
                    judge(self, path, value);
                }
            }
        }
    }

    /// A demand of every value inside that is not a zero value.
    fn each(&mut self, kind: Kind, value: &'c Value<'c>, path: &Path<'_, 'c>, safe: bool) {
        match value {
            Value::Null | Value::Bool(false) => {}
            Value::Bool(true) => self.push(kind, Asked::Flag, path, safe),
            Value::Number(digits) => {
                if digits != "0" && digits != "-0" {
                    self.push(kind, Asked::Text(Cow::Borrowed(digits)), path, safe);
                }
            }
            Value::Text(text) => {
                if !text.is_empty() {
                    self.push(kind, Asked::Text(Cow::Borrowed(text)), path, safe);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.each(kind, item, &Path::Item(path, index), safe);
                }
            }
            Value::Object(members) => {
                for Member { name, value } in members {
                    let text = match value.as_str() {
                        Some(text) => [name, "=", text].concat(),
                        None => name.to_string(),
                    };
                    self.push(
                        kind,
                        Asked::Text(Cow::Owned(text)),
                        &Path::Key(path, name),
                        safe,
                    );
                }
            }
        }
    }

    /// A name that the engine's struct does not have, as far as this version knows.
    fn stranger(
        &mut self,
        table: &'static Struct,
        member: &'c Member<'c>,
        above: &Path<'_, 'c>,
    ) -> Result<(), BadBody> {
        let path = Path::Field(above, &member.name);
        if let Some(leaks) = table.leaks
            && let Found::Field(field) = Names::new(leaks).find(&member.name)
        {
            if !is_zero(&member.value) {
                self.ask(Kind::HostConfigTopLevel, field.name, &path);
            }
            return self.field(field, &member.value, above);
        }
        unambiguous(&member.value, &path)?;
        if !member.value.is_null() {
            self.ask(Kind::UnknownField, path.to_string(), &path);
        }
        Ok(())
    }
}

/// What is not modelled may be a struct to the engine that it reaches, or a map with foreign names; it is refused
/// where one of the two readings would differ from the other.
fn unambiguous(value: &Value<'_>, path: &Path<'_, '_>) -> Result<(), BadBody> {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => Ok(()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| unambiguous(item, &Path::Item(path, index))),
        Value::Object(members) => {
            if let Some(twin) = has_folded_twins(members) {
                return Err(BadBody::FoldedTwin {
                    place: Path::Field(path, twin).to_string(),
                });
            }
            members
                .iter()
                .try_for_each(|member| unambiguous(&member.value, &Path::Field(path, &member.name)))
        }
    }
}

/// Whether the engine cannot tell the value from a field that was not sent.
pub(super) fn is_zero(value: &Value<'_>) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(digits) => digits == "0" || digits == "-0",
        Value::Text(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

pub(super) fn wrong(path: &Path<'_, '_>, wanted: &'static str) -> BadBody {
    let place = match path {
        Path::Root => "the body".to_owned(),
        Path::Field(..) | Path::Key(..) | Path::Item(..) => path.to_string(),
    };
    BadBody::WrongType { place, wanted }
}

/// Finds a struct's fields by name. Clients send them in the order of the engine's own struct, so the search
/// begins behind the field that was found last. Names that are not ASCII are refused before.
pub(super) struct Names {
    table: &'static Struct,
    /// Which fields have come, by their number: no struct has more than 128.
    seen: u128,
    /// The number of the field behind the one that was found last, and where it stands: in which list, and where there.
    next: (u32, usize, usize),
}

pub(super) enum Found {
    Field(&'static Field),
    Twin(&'static Field),
    Nothing,
}

impl Names {
    pub(super) const fn new(table: &'static Struct) -> Self {
        Self {
            table,
            seen: 0,
            next: (0, 0, 0),
        }
    }

    pub(super) fn find(&mut self, name: &str) -> Found {
        let expected = self.expected().filter(|(_, field)| name == field.name);
        let Some((at, field)) = expected.or_else(|| self.search(name)) else {
            return Found::Nothing;
        };
        let (number, list, place) = at;
        let bit = 1_u128.checked_shl(number).unwrap_or(1);
        if self.seen & bit != 0 {
            return Found::Twin(field);
        }
        self.seen |= bit;
        self.next = (number.saturating_add(1), list, place.saturating_add(1));
        Found::Field(field)
    }

    /// The field behind the one that was found last.
    fn expected(&self) -> Option<At> {
        let (number, list, place) = self.next;
        if let Some(field) = self.table.fields.get(list)?.get(place) {
            return Some((self.next, field));
        }
        let list = list.saturating_add(1);
        let field = self.table.fields.get(list)?.first()?;
        Some(((number, list, 0), field))
    }

    fn search(&self, name: &str) -> Option<At> {
        let mut number = 0_u32;
        for (list, fields) in self.table.fields.iter().enumerate() {
            for (place, field) in fields.iter().enumerate() {
                if name.eq_ignore_ascii_case(field.name) {
                    return Some(((number, list, place), field));
                }
                number = number.saturating_add(1);
            }
        }
        None
    }
}

/// A field with its number, its list, and its place there.
type At = ((u32, usize, usize), &'static Field);
