//! What a tenant gets to see of the engine's answers.
//!
//! A [`Shield`] reads whose an item is before it writes anything of it. What it cannot read, or whose owner it cannot
//! tell, ends the answer: nothing is passed on because nobody objected.

mod archive;
mod cursor;
mod events;
mod facts;
mod form;
mod halt;
mod item;
mod nest;
mod rewrite;
mod service;
mod split;
mod table;
mod usage;
mod whole;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use archive::Archive;
use cursor::{Read, bad};
use events::Events;
use halt::{Halt, Step};
use item::Kind;
use rewrite::Given;
use split::{Layout, Part, RECORD, Splitter};
use whole::Whole;

use super::{Fact, Facts, ImageListing, Listing, Lookup, Names, Steps, Tenant, Unshieldable, View};

/// How long an answer may be that is looked at as a whole. The longest real one is `GET /system/df`, with a kilobyte or
/// two for each object.
const WHOLE_BYTES: usize = 64 << 20;

/// What an answer goes through on its way to a tenant: piece by piece, as it comes.
///
/// Lists and streams go through item by item, and take no more memory than their longest item; all else is held until
/// it is complete. What an answer refers to may have to be looked up: then there is a [`Shield::question`].
#[derive(Debug)]
pub struct Shield {
    tenant: Tenant,
    way: Way,
    question: Option<Lookup>,
}

#[derive(Debug)]
enum Way {
    /// As it is.
    Pass,
    /// All at once.
    Whole(Held),
    /// Item by item.
    Items(Items),
    /// File by file.
    Archive(Box<Archive>),
    /// Not any more.
    Failed,
}

/// An answer that is looked at as a whole.
#[derive(Debug)]
struct Held {
    whole: Whole,
    images: Arc<ImageListing>,
    text: Vec<u8>,
    /// What has been asked because of it.
    facts: Facts,
}

impl Shield {
    /// A shield for one answer to `tenant`.
    pub fn new(tenant: Tenant, view: View) -> Self {
        let about = |whole, own| {
            let images = ImageListing {
                own,
                ..ImageListing::default()
            };
            Way::Whole(Held {
                whole,
                images: Arc::new(images),
                text: Vec::new(),
                facts: Facts::default(),
            })
        };
        let whole = |whole| about(whole, Names::new());
        let list = |kind, listing| Way::Items(Items::list(kind, listing, ImageListing::default()));
        let way = match view {
            View::Pass => Way::Pass,
            View::Missing(refusal) => whole(Whole::Missing(refusal)),
            View::Error => whole(Whole::Error),
            View::ErrorText => whole(Whole::Text),
            View::ContainerInspect(term) => whole(Whole::Container(term)),
            View::ContainerStats => Way::Items(Items::stream(Stream::Stats)),
            View::ContainerList(listing) => list(Kind::Container, listing),
            View::ExecInspect(term) => whole(Whole::Exec(term)),
            View::VolumeInspect(term) => whole(Whole::Volume(term)),
            View::VolumeList(listing) => list(Kind::Volume, listing),
            View::NetworkInspect(term) => whole(Whole::Network(term)),
            View::NetworkList(listing) => list(Kind::Network, listing),
            View::Swarm(kind, term) => whole(Whole::Swarm(kind, term)),
            View::SwarmList(kind) => list(Kind::Swarm(kind), Listing::default()),
            View::ServiceMade => whole(Whole::ServiceMade),
            View::ImageList(images) => {
                Way::Items(Items::list(Kind::Image, Listing::default(), images))
            }
            View::ImageInspect { term, own } => whole(Whole::Image { term, own }),
            View::ImageHistory(own) => about(Whole::History, own),
            View::ImageDeleted => whole(Whole::ImageDeleted),
            View::ImagesPruned => whole(Whole::ImagesPruned),
            View::ImageArchive => Way::Archive(Box::new(Archive::new())),
            View::Progress(steps) => Way::Items(Items::stream(Stream::Progress(steps))),
            View::Events(wanted) => Way::Items(Items::stream(Stream::Events(Events::new(wanted)))),
            View::DataUsage { own, used } => about(Whole::DataUsage { used }, own),
            View::Info(counts) => whole(Whole::Info(counts)),
            View::Pruned => whole(Whole::Pruned),
        };
        Self {
            tenant,
            way,
            question: None,
        }
    }

    /// Takes the next piece of the answer's body, and appends what of it, and of what came before, the tenant gets.
    ///
    /// # Errors
    /// [`Unshieldable`] when the body is not what the operation answers. What was appended before may be passed on;
    /// nothing more comes out.
    pub fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Unshieldable> {
        let done = match &mut self.way {
            Way::Pass => {
                out.extend_from_slice(input);
                Ok(())
            }
            Way::Whole(held) if held.text.len().saturating_add(input.len()) > WHOLE_BYTES => {
                bad(format!("it is longer than {WHOLE_BYTES} bytes"))
            }
            Way::Whole(held) => {
                held.text.extend_from_slice(input);
                Ok(())
            }
            Way::Items(items) => items.push(&self.tenant, input, out),
            Way::Archive(archive) => archive.push(&self.tenant, input, out),
            Way::Failed => failed(),
        };
        self.settle(done)
    }

    /// Takes the end of the answer's body, and appends what is still to come.
    ///
    /// # Errors
    /// [`Unshieldable`] when the body may not end here.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Unshieldable> {
        let done = match &mut self.way {
            Way::Pass => Ok(()),
            Way::Whole(held) => match held.write(&self.tenant, out) {
                Ok(()) => Ok(()),
                Err(Halt::Ask(lookup)) => {
                    self.question = Some(lookup);
                    Ok(())
                }
                Err(Halt::Bad(error)) => Err(error),
            },
            Way::Items(items) => items.finish(&self.tenant, out),
            Way::Archive(archive) => archive.finish(),
            Way::Failed => failed(),
        };
        self.settle(done)
    }

    /// What has to be asked of the engine before the shield takes anything more. Asked for after each piece, and after the
    /// end.
    pub fn question(&mut self) -> Option<Lookup> {
        match &self.way {
            Way::Items(Items {
                sort: Sort::Stream(Stream::Events(events)),
                ..
            }) => events.question(),
            Way::Pass | Way::Whole(_) | Way::Items(_) | Way::Archive(_) | Way::Failed => {
                self.question.take()
            }
        }
    }

    /// Takes the answer to its question, and appends what goes on because of it.
    ///
    /// # Errors
    /// As [`Self::push`] and [`Self::finish`].
    pub fn learn(
        &mut self,
        question: Lookup,
        fact: Fact,
        out: &mut Vec<u8>,
    ) -> Result<(), Unshieldable> {
        match &mut self.way {
            Way::Whole(held) => {
                held.facts.add(question, fact);
                self.finish(out)
            }
            Way::Items(Items {
                sort: Sort::Stream(Stream::Events(events)),
                ..
            }) => {
                let done = events.learn(&self.tenant, &fact, out);
                self.settle(done)
            }
            Way::Pass | Way::Items(_) | Way::Archive(_) | Way::Failed => failed(),
        }
    }

    fn settle(&mut self, done: Read<()>) -> Read<()> {
        if done.is_err() {
            self.way = Way::Failed;
        }
        done
    }
}

impl Held {
    fn write(&self, tenant: &Tenant, out: &mut Vec<u8>) -> Step<()> {
        let start = out.len();
        let about = (&self.images, &self.facts);
        let done = self.whole.write(tenant, about, text(&self.text)?, out);
        if done.is_err() {
            out.truncate(start);
        }
        done
    }
}

/// A message for people, with names as the tenant knows them.
pub(super) fn plain_text(tenant: &Tenant, text: &str) -> String {
    form::Form::Message.plain(tenant, text).into_owned()
}

fn failed() -> Read<()> {
    bad("it was unreadable before")
}

fn text(bytes: &[u8]) -> Read<&str> {
    std::str::from_utf8(bytes).or_else(|_| bad("it is no Unicode"))
}

/// An answer that goes through item by item.
#[derive(Debug)]
struct Items {
    splitter: Splitter,
    sort: Sort,
    /// One item as the tenant gets it, while it is written.
    written: Vec<u8>,
}

#[derive(Debug)]
enum Sort {
    List {
        kind: Kind,
        listing: Listing,
        images: Arc<ImageListing>,
        /// How many items have been written.
        count: usize,
    },
    Stream(Stream),
}

#[derive(Debug)]
enum Stream {
    Events(Events),
    Progress(Steps),
    Stats,
}

impl Items {
    fn list(kind: Kind, listing: Listing, images: ImageListing) -> Self {
        let layout = match kind {
            Kind::Container | Kind::Image | Kind::Network | Kind::Swarm(_) => Layout::Array,
            Kind::Volume => Layout::Member("Volumes"),
        };
        Self {
            splitter: Splitter::new(layout),
            sort: Sort::List {
                kind,
                listing,
                images: Arc::new(images),
                count: 0,
            },
            written: Vec::new(),
        }
    }

    const fn stream(stream: Stream) -> Self {
        Self {
            splitter: Splitter::new(Layout::Stream),
            sort: Sort::Stream(stream),
            written: Vec::new(),
        }
    }

    fn push(&mut self, tenant: &Tenant, input: &[u8], out: &mut Vec<u8>) -> Read<()> {
        let (sort, written) = (&mut self.sort, &mut self.written);
        self.splitter
            .push(input, &mut |part| sort.take(tenant, part, written, out))
    }

    fn finish(&mut self, tenant: &Tenant, out: &mut Vec<u8>) -> Read<()> {
        let (sort, written) = (&mut self.sort, &mut self.written);
        self.splitter
            .finish(&mut |part| sort.take(tenant, part, written, out))
    }
}

impl Sort {
    /// Appends what becomes of a part. An item is written apart first, so that nothing of it gets out unless all does.
    fn take(
        &mut self,
        tenant: &Tenant,
        part: Part<'_>,
        written: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Read<()> {
        let volumes = matches!(
            self,
            Self::List {
                kind: Kind::Volume,
                ..
            }
        );
        match part {
            Part::Open if volumes => out.extend_from_slice(b"{\"Volumes\":["),
            Part::Open => out.push(b'['),
            // Warnings are of drivers, whose volumes may be others'.
            Part::Close if volumes => out.extend_from_slice(b"],\"Warnings\":null}\n"),
            Part::Close => out.extend_from_slice(b"]\n"),
            Part::Item { bytes, record } => {
                let item = text(bytes)?;
                written.clear();
                match self {
                    Self::List {
                        kind,
                        listing,
                        images,
                        count,
                    } => {
                        let before = *count;
                        if !list_item(tenant, *kind, (listing, images), before, item, written)? {
                            return Ok(());
                        }
                        if *count > 0 {
                            out.push(b',');
                        }
                        *count = count.saturating_add(1);
                        out.extend_from_slice(written);
                    }
                    Self::Stream(Stream::Events(events)) => {
                        events.take(tenant, (record, item), out)?;
                    }
                    Self::Stream(Stream::Progress(steps)) => {
                        let given = Given {
                            steps: Some(steps.clone()),
                            ..Given::default()
                        };
                        whole::write(tenant, &given, table::PROGRESS, item, written)?;
                        write_record(record, written, out);
                    }
                    Self::Stream(Stream::Stats) => {
                        whole::write(tenant, &Given::default(), table::STATS, item, written)?;
                        write_record(record, written, out);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Appends what became of an item of a stream.
fn write_record(record: bool, written: &[u8], out: &mut Vec<u8>) {
    if record {
        out.push(RECORD);
    }
    out.extend_from_slice(written);
    out.push(b'\n');
}

/// Writes an item of a list, if the tenant sees it and it is asked for.
fn list_item(
    tenant: &Tenant,
    kind: Kind,
    (listing, images): (&Listing, &Arc<ImageListing>),
    before: usize,
    item: &str,
    out: &mut Vec<u8>,
) -> Read<bool> {
    let Some(seen) = kind.look(tenant, images, item)? else {
        return Ok(false);
    };
    let full = listing.limit.is_some_and(|limit| before >= limit);
    if full || !is_asked_for(kind, listing, &seen.names) {
        return Ok(false);
    }
    let given = Given {
        mine: seen.mine,
        made_of: seen.made_of,
        networks: seen.networks,
        images: Arc::clone(images),
        ..Given::default()
    };
    whole::write(tenant, &given, kind.rule(), item, out)?;
    Ok(true)
}

/// The engine looks for an expression anywhere in a name (moby `api/types/filters`, `Args.Match`).
fn is_asked_for(kind: Kind, listing: &Listing, names: &[String]) -> bool {
    listing.names.is_empty()
        || names.iter().any(|name| {
            let slashed = (kind == Kind::Container).then(|| format!("/{name}"));
            listing.names.iter().any(|wanted| {
                wanted.is_match(name)
                    || slashed
                        .as_ref()
                        .is_some_and(|slashed| wanted.is_match(slashed))
            })
        })
}

#[cfg(test)]
mod testing {
    use std::sync::Arc;

    use crate::policy::Tenancy;
    use crate::tenant::Tenant;

    pub(super) fn tenant(name: &str) -> Tenant {
        Tenant::new(Arc::new(Tenancy::of(name)))
    }
}
