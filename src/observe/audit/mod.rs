//! The way of an audit record from the exchange to its sink.

mod queue;
mod sink;

use std::str::FromStr;

pub(crate) use queue::{Counters, Queue, start};
pub(crate) use sink::Sink;
pub use sink::{BadSink, SinkAddress};

/// Of which calls there is an audit record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum AuditCalls {
    /// Of every call.
    #[default]
    All,
    /// Of what was not allowed, or did not end as it should.
    Refusals,
    /// Of what was not allowed, and of one in so many of the others.
    Sample(u64),
}

/// Why a text does not say which calls to record.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("write `all`, `refusals`, or `sample:N` for one call in N")]
pub struct BadCalls;

impl FromStr for AuditCalls {
    type Err = BadCalls;

    fn from_str(text: &str) -> Result<Self, BadCalls> {
        match (text, text.strip_prefix("sample:")) {
            ("all", _) => Ok(Self::All),
            ("refusals", _) => Ok(Self::Refusals),
            (_, Some(number)) => match number.parse() {
                Ok(number) if number > 0 => Ok(Self::Sample(number)),
                Ok(_) | Err(_) => Err(BadCalls),
            },
            (_, None) => Err(BadCalls),
        }
    }
}

impl AuditCalls {
    /// Whether call number `number` is recorded; `plain` calls are those that were allowed and went well.
    pub(crate) const fn selects(self, plain: bool, number: u64) -> bool {
        match self {
            Self::All => true,
            Self::Refusals => !plain,
            Self::Sample(one_in) => !plain || number.is_multiple_of(one_in),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_which_calls() {
        assert_eq!("all".parse(), Ok(AuditCalls::All));
        assert_eq!("refusals".parse(), Ok(AuditCalls::Refusals));
        assert_eq!("sample:100".parse(), Ok(AuditCalls::Sample(100)));
        for bad in [
            "",
            "none",
            "sample",
            "sample:",
            "sample:0",
            "sample:-1",
            "sample:x",
            "ALL",
        ] {
            assert_eq!(bad.parse::<AuditCalls>(), Err(BadCalls), "{bad}");
        }
    }

    #[test]
    fn a_sample_holds_every_refusal() {
        assert!((0..10).all(|number| AuditCalls::Sample(10).selects(false, number)));
        assert_eq!(
            (0..1000)
                .filter(|number| AuditCalls::Sample(10).selects(true, *number))
                .count(),
            100
        );
        assert!(!AuditCalls::Refusals.selects(true, 0));
    }
}
