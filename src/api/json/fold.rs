//! Field names as the engine compares them (Go, encoding/json/fold.go): simple case folding, in which two letters
//! outside ASCII fall on ASCII ones: U+017F on `s`, U+212A on `k`.

use super::Member;

/// Whether the engine takes `sent` for the struct field `name`, which is ASCII: what folds on ASCII is longer than it.
pub fn folds_to(sent: &str, name: &str) -> bool {
    if sent.len() <= name.len() {
        return sent.eq_ignore_ascii_case(name);
    }
    // Most names differ in their first letter.
    let first = match (sent.as_bytes().first(), name.as_bytes().first()) {
        (Some(one), Some(other)) => !one.is_ascii() || one.eq_ignore_ascii_case(other),
        (None, _) | (_, None) => false,
    };
    first && !sent.is_ascii() && sent.chars().map(fold).eq(name.chars().map(fold))
}

/// A name that another one of `members` equals in all but case, if there is one: were the object a struct, the
/// engine would read both into one field.
pub fn has_folded_twins<'m>(members: &'m [Member<'_>]) -> Option<&'m str> {
    let mut names: Vec<(String, &str)> = members
        .iter()
        .map(|member| (member.name.chars().map(fold).collect(), &*member.name))
        .collect();
    names.sort_unstable();
    names
        .iter()
        .zip(names.iter().skip(1))
        .find_map(|(one, next)| (one.0 == next.0).then_some(next.1))
}

/// The smallest-effort representative of a letter's folding class. Letters outside ASCII other than the two
/// that fall on ASCII are lower-cased, which joins at least what simple folding joins among names that Go could
/// know, all of which are ASCII.
fn fold(letter: char) -> char {
    match letter {
        '\u{17F}' => 's',
        '\u{212A}' => 'k',
        _ if letter.is_ascii() => letter.to_ascii_lowercase(),
        _ => letter.to_lowercase().next().unwrap_or(letter),
    }
}
