//! Users and groups by name.

use std::fs;

use super::Failure;
use crate::policy::Account;

/// The numbers of a user database (`passwd(5)`, `group(5)`): names in the first field, numbers in the third.
///
/// Only the files are read: a static binary in an empty image has no other source, and an unknown name is an error that
/// says so.
pub(crate) fn number(account: &Account, database: &str) -> Result<u32, Failure> {
    let name = match account {
        Account::Id(number) => return Ok(*number),
        Account::Name(name) => name,
    };
    let text = fs::read_to_string(database).map_err(|error| {
        Failure::Unusable(format!(
            "cannot look up `{name}` in `{database}`: {error}; write its number instead"
        ))
    })?;
    find(&text, name).ok_or_else(|| {
        Failure::Unusable(format!(
            "`{database}` has no `{name}`; write a number, or another name"
        ))
    })
}

fn find(database: &str, name: &str) -> Option<u32> {
    database.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        fields.nth(1)?.parse().ok()
    })
}

/// A user or group, as an option names it.
pub(crate) fn parse_account(text: &str) -> Account {
    text.parse()
        .map_or_else(|_| Account::Name(text.to_owned()), Account::Id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_number_of_a_name() {
        let database = "root:x:0:\ndocker:x:998:alice,bob\nbroken\n";
        assert_eq!(find(database, "docker"), Some(998));
        assert_eq!(find(database, "dock"), None);
        assert_eq!(find(database, "broken"), None);
    }
}
