//! Which operation a method and a path name.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::path::{Path, Segment};
use super::{BadTarget, Method, OPERATIONS, Operation, OperationId, Targets};

/// What the method and the path of a request name.
pub(super) enum Class<'a> {
    /// An operation, and what its names stand for.
    Known(&'static Operation, Targets<'a>),
    /// No operation.
    Unknown,
}

/// Finds the operation of `method` on `path`.
///
/// Method and template decide together: an object may be called `json`, `create` or `prune`. A name stands for
/// one segment or for several, as its template says: the names of images, plugins, networks and volumes may have
/// slashes. Of containers only an alias has (`parent/alias`, what `--link` makes), which can be inspected and deleted;
/// elsewhere it names no container, although it does to the engine: the one behind it is not the one before the slash.
pub(super) fn classify<'a>(method: &str, path: &Path<'a>) -> Result<Class<'a>, BadTarget> {
    let matched = Method::parse(method).and_then(|method| find(method, path));
    let Some((operation, pattern)) = matched else {
        return unknown(method, path);
    };
    pattern.check(&path.segments)?;
    Ok(Class::Known(operation, pattern.targets(path)))
}

/// What a path is that no template has. To be unknown it must be unknown to the engine too, since a policy may let
/// unknown routes through: a path that the engine reads otherwise is refused.
fn unknown<'a>(method: &str, path: &Path<'a>) -> Result<Class<'a>, BadTarget> {
    if path
        .segments
        .iter()
        .any(|segment| segment.text.contains('/'))
    {
        return Err(BadTarget::EncodedSlash);
    }
    if path.trailing_slash && !path.segments.is_empty() {
        return Err(BadTarget::EmptySegment);
    }
    let reads = |pattern: &Pattern| {
        pattern.operation.method.as_str() == method && pattern.matches_greedily(&path.segments)
    };
    if patterns_of(path).iter().any(reads) {
        return Err(BadTarget::SlashInName);
    }
    Ok(Class::Unknown)
}

/// The methods with which a path, split into segments, names an operation.
pub(super) fn methods_of(path: &Path<'_>) -> Vec<Method> {
    let mut methods: Vec<Method> = patterns_of(path)
        .iter()
        .filter(|pattern| pattern.matches(&path.segments))
        .map(|pattern| pattern.operation.method)
        .collect();
    methods.sort_unstable();
    methods.dedup();
    methods
}

fn find(method: Method, path: &Path<'_>) -> Option<(&'static Operation, &'static Pattern)> {
    // A slash at the end is a route of its own in two places only (moby, `network.go` and `debug.go`).
    if method == Method::Options && (!path.trailing_slash || path.segments.is_empty()) {
        return Some((OPTIONS.operation, &OPTIONS));
    }
    let pattern = patterns_of(path).iter().find(|pattern| {
        pattern.operation.method == method
            && pattern.slash.allows(path)
            && pattern.matches(&path.segments)
    })?;
    Some((pattern.operation, pattern))
}

/// The templates that begin with the first segment of `path`.
fn patterns_of(path: &Path<'_>) -> &'static [Pattern] {
    let first = path.segments.first();
    first
        .and_then(|first| INDEX.get(first.text.as_ref()))
        .map_or(&[], Vec::as_slice)
}

/// The families whose names the engine takes for as many segments as there are (moby, `{name:.*}` and `{id:.+}`), and
/// which no client writes with an encoded slash.
const GREEDY: [&str; 4] = ["containers", "exec", "networks", "volumes"];

/// A template, ready to be compared.
#[derive(Debug)]
struct Pattern {
    operation: &'static Operation,
    parts: Vec<Part>,
    slash: Slash,
}

/// One segment of a template.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    /// The segment itself.
    Fixed(&'static str),
    /// A name of one segment.
    One,
    /// A name of one segment or more: at most one in a template.
    Many,
}

/// What an operation makes of a slash at the end of its path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Slash {
    Never,
    Optional,
    Required,
}

impl Slash {
    const fn allows(self, path: &Path<'_>) -> bool {
        match self {
            Self::Never => !path.trailing_slash,
            Self::Optional => true,
            Self::Required => path.trailing_slash,
        }
    }
}

impl Pattern {
    fn new(operation: &'static Operation) -> Self {
        let template = operation.template;
        let slash = if template.ends_with('/') {
            Slash::Required
        } else if operation.id == OperationId::NetworkList {
            Slash::Optional
        } else {
            Slash::Never
        };
        let parts = template
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(Part::new)
            .collect();
        Self {
            operation,
            parts,
            slash,
        }
    }

    fn matches(&self, segments: &[Segment<'_>]) -> bool {
        match self.parts.iter().position(|part| *part == Part::Many) {
            Some(many) => self.matches_around(many, segments),
            None => self.parts.len() == segments.len() && all_match(&self.parts, segments),
        }
    }

    /// Whether the engine would match the template, with a name that has slashes.
    fn matches_greedily(&self, segments: &[Segment<'_>]) -> bool {
        let name = self.parts.iter().position(|part| *part == Part::One);
        self.is_greedy() && name.is_some_and(|name| self.matches_around(name, segments))
    }

    fn is_greedy(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Fixed(first)) if GREEDY.contains(first))
    }

    /// Whether the parts before and after the one at `wide` match, and it has at least one segment.
    fn matches_around(&self, wide: usize, segments: &[Segment<'_>]) -> bool {
        let (before, rest) = self.parts.split_at_checked(wide).unwrap_or_default();
        let after = rest.get(1..).unwrap_or_default();
        let tail = segments
            .len()
            .checked_sub(after.len())
            .and_then(|start| segments.get(start..));
        segments.len() >= self.parts.len()
            && all_match(before, segments)
            && tail.is_some_and(|tail| all_match(after, tail))
    }

    /// Refuses escapes in fixed segments, and slashes in escapes unless a name is an image's or a plugin's.
    fn check(&self, segments: &[Segment<'_>]) -> Result<(), BadTarget> {
        let width = self.width(segments.len());
        let parts = self.parts.iter().flat_map(|part| match part {
            Part::Many => std::iter::repeat_n(part, width),
            Part::Fixed(_) | Part::One => std::iter::repeat_n(part, 1),
        });
        for (part, segment) in parts.zip(segments) {
            match part {
                Part::Fixed(text) if segment.encoded => {
                    return Err(BadTarget::EncodedSegment((*text).to_owned()));
                }
                Part::One if segment.text.contains('/') => return Err(BadTarget::EncodedSlash),
                Part::Many if self.is_greedy() && segment.text.contains('/') => {
                    return Err(BadTarget::EncodedSlash);
                }
                Part::Fixed(_) | Part::One | Part::Many => {}
            }
        }
        Ok(())
    }

    fn targets<'a>(&self, path: &Path<'a>) -> Targets<'a> {
        let width = self.width(path.segments.len());
        let mut targets: Targets<'a> = [Cow::Borrowed(""), Cow::Borrowed("")];
        let mut names = targets.iter_mut();
        let mut start = 0_usize;
        for part in &self.parts {
            let end = start.saturating_add(if *part == Part::Many { width } else { 1 });
            if !matches!(part, Part::Fixed(_))
                && let Some(name) = names.next()
            {
                *name = path.join(start, end);
            }
            start = end;
        }
        targets
    }

    /// How many of `segments` segments the name of several takes.
    fn width(&self, segments: usize) -> usize {
        segments.saturating_sub(self.parts.len()).saturating_add(1)
    }
}

fn all_match(parts: &[Part], segments: &[Segment<'_>]) -> bool {
    parts
        .iter()
        .zip(segments)
        .all(|(part, segment)| match part {
            Part::Fixed(text) => segment.text == *text,
            Part::One | Part::Many => true,
        })
}

impl Part {
    fn new(segment: &'static str) -> Self {
        match segment.strip_prefix('{') {
            Some(name) if name.ends_with("...}") => Self::Many,
            Some(_) => Self::One,
            None => Self::Fixed(segment),
        }
    }
}

/// Every template by its first segment, the narrowest first: those without a name of several segments, then those with
/// fewer names, then longer ones. So `DELETE /containers/x/checkpoints/y` deletes a checkpoint, as moby's order of routers
/// has it (`daemon.go`, `buildRouters`).
static INDEX: LazyLock<BTreeMap<&'static str, Vec<Pattern>>> = LazyLock::new(|| {
    let mut index: BTreeMap<&'static str, Vec<Pattern>> = BTreeMap::new();
    for operation in OPERATIONS {
        let pattern = Pattern::new(operation);
        if let Some(Part::Fixed(first)) = pattern.parts.first() {
            index.entry(first).or_default().push(pattern);
        }
    }
    for patterns in index.values_mut() {
        patterns.sort_by_key(|pattern| {
            (
                pattern.parts.contains(&Part::Many),
                pattern.operation.names().count(),
                Reverse(pattern.parts.len()),
            )
        });
    }
    index
});

/// `OPTIONS` names the same operation on every path.
static OPTIONS: LazyLock<Pattern> =
    LazyLock::new(|| Pattern::new(OperationId::SystemOptions.operation()));
