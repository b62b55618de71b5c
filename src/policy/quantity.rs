//! Amounts with units, durations and versions, as a file writes them.

use std::time::Duration;

use crate::api::ApiVersion;
use crate::demand::Unit;

/// `number` with decimals as whole `scale`s: `1.5` with a scale of 1000 is 1500. `None` when it is no such
/// number, or no whole amount of them.
fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let divisor = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = fraction
        .parse::<u128>()
        .ok()?
        .checked_mul(u128::from(scale))?;
    if part.checked_rem(divisor)? != 0 {
        return None;
    }
    let sum = whole
        .parse::<u128>()
        .ok()?
        .checked_mul(u128::from(scale))?
        .checked_add(part.checked_div(divisor)?)?;
    u64::try_from(sum).ok()
}

/// The number in front and the word behind it.
fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).unwrap_or((text, ""));
    (number, unit.trim_start())
}

/// Reads an amount of `unit`s.
///
/// # Errors
/// How such an amount is written.
pub(super) fn amount(text: &str, unit: Unit) -> Result<u64, &'static str> {
    let (number, word) = split(text);
    match unit {
        Unit::Bytes => bytes(number, word)
            .ok_or("an amount of bytes is a number with `B`, `KiB`, `MiB`, `GiB`, `TiB`, `KB`, `MB`, `GB` or `TB`"),
        Unit::Count => (word.is_empty() && !number.contains('.'))
            .then(|| scaled(number, 1))
            .flatten()
            .ok_or("a count is a whole number without a unit"),
        Unit::NanoCpus => matches!(word, "" | "cpu" | "cpus")
            .then(|| scaled(number, 1_000_000_000))
            .flatten()
            .ok_or("an amount of processors is a number such as `2` or `1.5`"),
    }
}

fn bytes(number: &str, word: &str) -> Option<u64> {
    let scale = match word {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    scaled(number, scale)
}

/// Reads an amount of bytes that must have a unit, so that plain numbers stay numbers.
pub(super) fn bytes_with_unit(text: &str) -> Option<u64> {
    let (number, word) = split(text);
    if word.is_empty() {
        None
    } else {
        bytes(number, word)
    }
}

/// An amount as a person would write it.
pub(super) fn show(amount: u64, unit: Unit) -> String {
    match unit {
        Unit::Bytes => [
            ("TiB", 1_u64 << 40),
            ("GiB", 1 << 30),
            ("MiB", 1 << 20),
            ("KiB", 1 << 10),
        ]
        .into_iter()
        .find(|(_, scale)| amount != 0 && amount.checked_rem(*scale) == Some(0))
        .and_then(|(word, scale)| Some(format!("{}{word}", amount.checked_div(scale)?)))
        .unwrap_or_else(|| format!("{amount}B")),
        Unit::Count => amount.to_string(),
        Unit::NanoCpus => {
            let text = format!("{}.{:09}", amount / 1_000_000_000, amount % 1_000_000_000);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    }
}

/// Reads a duration: `500ms`, `10s`, `2m`, `1h`.
///
/// # Errors
/// How a duration is written.
pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let (number, word) = split(text);
    let scale = match word {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    scale
        .and_then(|scale| scaled(number, scale))
        .map(Duration::from_millis)
        .ok_or("a duration is a number with `ms`, `s`, `m` or `h`")
}

/// Reads an API version: `1.24`.
pub(super) fn version(text: &str) -> Option<ApiVersion> {
    let (major, minor) = text.split_once('.')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (digits && (text == "0" || !text.starts_with('0')))
            .then(|| text.parse().ok())
            .flatten()
    };
    Some(ApiVersion::new(number(major)?, number(minor)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_shown() {
        for (text, unit, amount_expected, shown) in [
            ("8GiB", Unit::Bytes, 8 << 30, "8GiB"),
            ("1.5 GiB", Unit::Bytes, 3 << 29, "1536MiB"),
            ("512MB", Unit::Bytes, 512_000_000, "500000KiB"),
            ("512kB", Unit::Bytes, 512_000, "500KiB"),
            ("1001", Unit::Bytes, 1001, "1001B"),
            ("0", Unit::Bytes, 0, "0B"),
            ("4096", Unit::Count, 4096, "4096"),
            ("2", Unit::NanoCpus, 2_000_000_000, "2"),
            ("1.5", Unit::NanoCpus, 1_500_000_000, "1.5"),
            ("1.5 cpus", Unit::NanoCpus, 1_500_000_000, "1.5"),
        ] {
            assert_eq!(amount(text, unit), Ok(amount_expected), "{text}");
            assert_eq!(show(amount_expected, unit), shown);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for (text, unit) in [
            ("", Unit::Bytes),
            ("GiB", Unit::Bytes),
            ("-1", Unit::Bytes),
            ("8G", Unit::Bytes),
            ("8gib", Unit::Bytes),
            ("1e9", Unit::Bytes),
            ("1_000", Unit::Bytes),
            ("0x10", Unit::Bytes),
            (".5GiB", Unit::Bytes),
            ("1.GiB", Unit::Bytes),
            ("0.1B", Unit::Bytes),
            ("99999999999999999999", Unit::Bytes),
            ("16777216TiB", Unit::Bytes),
            ("1.5", Unit::Count),
            ("5 pids", Unit::Count),
            ("two", Unit::NanoCpus),
            ("1.0000000001", Unit::NanoCpus),
        ] {
            assert!(amount(text, unit).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_and_versions_are_read() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for text in ["10", "s", "1d", "-1s", "1us"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(version("1.24"), Some(ApiVersion::new(1, 24)));
        for text in [
            "1", "1.", ".1", "v1.24", "1.024", "1.24.1", "1.99999", "+1.2",
        ] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
