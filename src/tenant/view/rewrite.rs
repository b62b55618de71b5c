//! Writing an answer anew, as rules say: names plainly, the gate's labels not at all, and what is not the tenant's left
//! out.

use std::collections::HashSet;
use std::sync::Arc;

use super::cursor::{Cursor, Quoted, Read, bad, write_text};
use super::facts::{needed, pick, string};
use super::form::Form;
use super::item::{self, Kind};
use crate::tenant::{Counts, ImageListing, LABEL_PREFIX, Steps, Tenant};

/// What becomes of a value. All but [`Rule::Keep`], [`Rule::Put`] and [`Rule::Given`] leave `null` as it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// It is written as it came.
    Keep,
    /// It is left out, with its name.
    Drop,
    /// It gives way to this.
    Put(&'static str),
    /// It gives way to a number.
    Given(fn(&Given) -> i128),
    /// A string in which names stand.
    Form(Form),
    /// An array of such strings; those that become equal are written once.
    Forms(Form),
    /// An array of names, of which those stay that are the tenant's.
    Own(Form),
    /// An array of image names, of which those stay that the tenant may know.
    Tags,
    /// The name of the image that a container was made of.
    MadeOf,
    /// What a build tells of its steps.
    Output,
    /// An array, of whose elements the same becomes.
    Each(&'static Self),
    /// An object: these fields, and all others as they came.
    Struct(&'static [Field]),
    /// An object: these fields, and no others.
    Only(&'static [Field]),
    /// A map of labels, without the gate's; these are not labels but the engine's own.
    Labels(&'static [Field]),
    /// A map from networks' names, of which those stay that are the tenant's.
    Networks(&'static Self),
    /// The map of the containers on a network, of which those stay that are the tenant's.
    Endpoints(&'static Self),
    /// An array of items, of which those stay that the tenant may see.
    Items(Kind),
    /// Counts and sums of items, of which those count that the tenant may see.
    Usage(Kind),
    /// An object: these fields, and all others as they came. Its labels tell the image that is in it.
    Template(&'static [Field]),
    /// An array of a service's addresses, of which those stay that are in its own networks.
    Addresses,
    /// An array of a task's networks, of which those stay that are the tenant's.
    Attachments(&'static Self),
    /// The storage driver's rows, of which those stay that use does not change.
    DriverStatus,
}

/// A field of an object, and what becomes of it.
pub(super) type Field = (&'static str, Rule);

/// What rules need to know that does not stand in what they are applied to.
#[derive(Clone, Debug, Default)]
pub(super) struct Given {
    /// Whether an image is the tenant's own, and so all of its names.
    pub(super) mine: bool,
    /// The tenant's own names of images, and which are wanted.
    pub(super) images: Arc<ImageListing>,
    /// The image that a container was made of, as the tenant named it; `None` where that is not known.
    pub(super) made_of: Option<String>,
    /// The identifiers of the networks that a service is on.
    pub(super) networks: Vec<String>,
    /// The names that the gate has put into a build's steps.
    pub(super) steps: Option<Steps>,
    /// What `GET /info` may tell.
    pub(super) counts: Counts,
    /// The bytes of all images that the tenant sees.
    pub(super) layers: u64,
    /// The identifiers of the images of the own containers, one for each; `None` where nobody counts.
    pub(super) used: Option<Vec<String>>,
    /// How many own containers use an image; `None` where nobody counts.
    pub(super) uses: Option<usize>,
}

/// Writes.
#[derive(Debug)]
pub(super) struct Rewriter<'r> {
    pub(super) tenant: &'r Tenant,
    pub(super) given: &'r Given,
    pub(super) out: &'r mut Vec<u8>,
}

impl Rewriter<'_> {
    /// Writes the one value in `text` as `rule` says.
    pub(super) fn whole(&mut self, rule: Rule, text: &str) -> Read<()> {
        let mut cursor = Cursor::new(text);
        self.value(rule, &mut cursor)?;
        cursor.end()
    }

    fn value(&mut self, rule: Rule, cursor: &mut Cursor<'_>) -> Read<()> {
        match rule {
            Rule::Keep => self.raw(cursor.pass()?),
            Rule::Drop => return cursor.value().map(drop),
            Rule::Put(text) => {
                cursor.value()?;
                self.raw(text);
            }
            Rule::Given(number) => {
                cursor.value()?;
                self.raw(&number(self.given).to_string());
            }
            _ if cursor.null()? => self.raw("null"),
            Rule::Form(form) => self.text(form, cursor.string()?),
            Rule::Forms(form) => self.forms(form, cursor)?,
            Rule::Own(form) => {
                let tenant = self.tenant;
                self.array(cursor, |writer, element| {
                    let name = string(element)?;
                    let plain = form.plain(tenant, &name);
                    let own = plain != name || is_identifier(&name);
                    if own {
                        writer.comma();
                        write_text(&plain, writer.out);
                    }
                    Ok(())
                })?;
            }
            Rule::Tags => {
                let (tenant, given) = (self.tenant, self.given);
                self.array(cursor, |writer, element| {
                    let name = string(element)?;
                    if let Some(plain) = item::shown(tenant, given.mine, &given.images, &name) {
                        writer.comma();
                        write_text(plain, writer.out);
                    }
                    Ok(())
                })?;
            }
            Rule::Output => {
                let told = cursor.string()?.text().into_owned();
                let plain = Form::Output.plain(self.tenant, &told);
                let plain = match &self.given.steps {
                    Some(steps) => steps.plain(plain),
                    None => plain,
                };
                write_text(&plain, self.out);
            }
            Rule::MadeOf => {
                let written = cursor.string()?;
                match &self.given.made_of {
                    Some(name) => write_text(name, self.out),
                    None => self.text(Form::Image, written),
                }
            }
            Rule::Each(rule) => self.each(*rule, cursor)?,
            Rule::Struct(fields) => self.object(fields, cursor, |_| Rule::Keep)?,
            Rule::Only(fields) => self.object(fields, cursor, |_| Rule::Drop)?,
            Rule::Labels(fields) => self.object(fields, cursor, |name| {
                if name.starts_with(LABEL_PREFIX) {
                    Rule::Drop
                } else {
                    Rule::Keep
                }
            })?,
            Rule::Networks(rule) => self.networks(*rule, cursor)?,
            Rule::Endpoints(rule) => self.endpoints(*rule, cursor)?,
            Rule::Items(kind) => {
                self.array(cursor, |writer, element| writer.item(kind, element))?;
            }
            Rule::Template(fields) => self.template(fields, cursor)?,
            Rule::Addresses => self.addresses(cursor)?,
            Rule::Attachments(rule) => self.attachments(*rule, cursor)?,
            Rule::Usage(kind) => self.usage(kind, cursor.value()?)?,
            Rule::DriverStatus => self.array(cursor, |writer, element| {
                if is_constant(element)? {
                    writer.comma();
                    writer.raw(element);
                }
                Ok(())
            })?,
        }
        Ok(())
    }

    fn text(&mut self, form: Form, quoted: Quoted<'_>) {
        let text = quoted.text();
        let plain = form.plain(self.tenant, &text);
        if plain == text {
            self.raw(quoted.raw());
        } else {
            write_text(&plain, self.out);
        }
    }

    fn forms(&mut self, form: Form, cursor: &mut Cursor<'_>) -> Read<()> {
        let mut written: HashSet<String> = HashSet::new();
        let tenant = self.tenant;
        self.array(cursor, |writer, element| {
            let plain = form.plain(tenant, &string(element)?).into_owned();
            if !written.contains(&plain) {
                writer.comma();
                write_text(&plain, writer.out);
                written.insert(plain);
            }
            Ok(())
        })
    }

    pub(super) fn object(
        &mut self,
        fields: &[Field],
        cursor: &mut Cursor<'_>,
        others: impl Fn(&str) -> Rule,
    ) -> Read<()> {
        cursor.open_object()?;
        self.raw("{");
        let mut first = true;
        let mut seen = 0_u64;
        while let Some(name) = cursor.member(&mut first)? {
            let text = name.text();
            let known = (1_u32..).zip(fields).find(|(_, field)| field.0 == text);
            let rule = match known {
                Some((place, (_, rule))) => {
                    let bit = 1_u64.wrapping_shl(place);
                    if seen & bit != 0 {
                        return bad(format!("it has two members `{text}`"));
                    }
                    seen |= bit;
                    *rule
                }
                None => others(&text),
            };
            if let Rule::Drop = rule {
                cursor.value()?;
                continue;
            }
            self.comma();
            if let Rule::Keep = rule {
                cursor.pass()?;
                self.raw(cursor.since(name.place()));
            } else {
                self.raw(name.raw());
                self.raw(":");
                self.value(rule, cursor)?;
            }
        }
        self.raw("}");
        Ok(())
    }

    fn each(&mut self, rule: Rule, cursor: &mut Cursor<'_>) -> Read<()> {
        cursor.open_array()?;
        self.raw("[");
        let mut first = true;
        while cursor.element(&mut first)? {
            self.comma();
            self.value(rule, cursor)?;
        }
        self.raw("]");
        Ok(())
    }

    /// A container that is on no network of the tenant's is on `none` or, where the policy lets it, on `host`.
    fn networks(&mut self, rule: Rule, cursor: &mut Cursor<'_>) -> Read<()> {
        cursor.open_object()?;
        self.raw("{");
        let mut first = true;
        while let Some(name) = cursor.member(&mut first)? {
            let text = name.text();
            let plain = match self.tenant.plain_name(&text) {
                Some(plain) => plain,
                None if matches!(&*text, "none" | "host") => &text,
                None => {
                    cursor.value()?;
                    continue;
                }
            };
            self.comma();
            write_text(plain, self.out);
            self.raw(":");
            self.value(rule, cursor)?;
        }
        self.raw("}");
        Ok(())
    }

    fn endpoints(&mut self, rule: Rule, cursor: &mut Cursor<'_>) -> Read<()> {
        cursor.open_object()?;
        self.raw("{");
        let mut first = true;
        while let Some(id) = cursor.member(&mut first)? {
            let endpoint = cursor.value()?;
            let [name] = pick(endpoint, ["Name"])?;
            if self
                .tenant
                .plain_name(&string(needed(name, "Name")?)?)
                .is_some()
            {
                self.comma();
                self.raw(id.raw());
                self.raw(":");
                self.whole(rule, endpoint)?;
            }
        }
        self.raw("}");
        Ok(())
    }

    /// Writes an item, if the tenant may see it.
    pub(super) fn item(&mut self, kind: Kind, text: &str) -> Read<()> {
        let Some(seen) = kind.look(self.tenant, &self.given.images, text)? else {
            return Ok(());
        };
        let uses = match (&self.given.used, pick(text, ["Id"])?) {
            (Some(used), [Some(id)]) => {
                let id = string(id)?;
                Some(used.iter().filter(|used| **used == id).count())
            }
            (None | Some(_), [_]) => None,
        };
        let given = Given {
            mine: seen.mine,
            made_of: seen.made_of,
            images: Arc::clone(&self.given.images),
            uses,
            ..Given::default()
        };
        self.comma();
        Rewriter {
            tenant: self.tenant,
            given: &given,
            out: self.out,
        }
        .whole(kind.rule(), text)
    }

    /// Writes an array; `write` gets each element, and writes it with a comma in front, or not at all.
    pub(super) fn array<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        mut write: impl FnMut(&mut Self, &'a str) -> Read<()>,
    ) -> Read<()> {
        cursor.open_array()?;
        self.raw("[");
        let mut first = true;
        while cursor.element(&mut first)? {
            write(self, cursor.value()?)?;
        }
        self.raw("]");
        Ok(())
    }

    /// A comma, unless what comes is the first in its array or object.
    pub(super) fn comma(&mut self) {
        if !matches!(self.out.last(), None | Some(b'[' | b'{')) {
            self.out.push(b',');
        }
    }

    pub(super) fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// What the engine calls a volume that nobody has named.
fn is_identifier(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a row of the storage driver's status is the same however much is stored: others tell the bytes or the
/// layers of everybody.
fn is_constant(row: &str) -> Read<bool> {
    const CONSTANT: &[&str] = &[
        "Backing Filesystem",
        "Native Overlay Diff",
        "Supports d_type",
        "Using metacopy",
        "driver-type",
        "userxattr",
    ];
    match super::facts::strings(row)?.first() {
        Some(name) => Ok(CONSTANT.contains(&&**name)),
        None => bad("a row of `DriverStatus` is empty"),
    }
}
