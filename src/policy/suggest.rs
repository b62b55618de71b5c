//! Which known name a misspelt one was meant to be.

/// The candidate that differs least from `name`, unless all of them differ too much.
pub(super) fn closest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let wanted = normal(name);
    // A third of the letters may be wrong, and in short names one.
    let most = (wanted.len() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let letters = normal(candidate);
            let distance = distance(&wanted, &letters, most);
            // Three letters of a longer name are an abbreviation: worse than any slip, better than nothing.
            let short = wanted.len() >= 3 && letters.starts_with(&wanted);
            match distance {
                distance if distance <= most => Some((distance, candidate)),
                _ if short => Some((usize::MAX, candidate)),
                _ => None,
            }
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// The letters and digits alone, in lower case: `network_mode`, `NetworkMode` and `network-mode` are one name.
fn normal(name: &str) -> Vec<char> {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .take(64)
        .collect()
}

/// How many letters must be added, dropped, replaced or swapped with their neighbour to make one of the other;
/// a number above `most` when it is more than that.
fn distance(a: &[char], b: &[char], most: usize) -> usize {
    if a.len().abs_diff(b.len()) > most {
        return most.saturating_add(1);
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, other) in b.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
            let mut best = at(&last, j)
                .saturating_add(usize::from(letter != other))
                .min(at(&last, j.saturating_add(1)).saturating_add(1))
                .min(at(&row, j).saturating_add(1));
            if let (Some(i), Some(k)) = (i.checked_sub(1), j.checked_sub(1))
                && a.get(i) == Some(other)
                && b.get(k) == Some(letter)
            {
                best = best.min(at(&before, k).saturating_add(1));
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_name_is_found() {
        let names = [
            "ContainerCreate",
            "ContainerStart",
            "containers.read",
            "network-mode",
            "bind",
            "pids",
        ];
        for (name, expected) in [
            ("ContainerCraete", Some("ContainerCreate")),
            ("containercreate", Some("ContainerCreate")),
            ("container_create", Some("ContainerCreate")),
            ("ContainersCreate", Some("ContainerCreate")),
            ("networkmode", Some("network-mode")),
            ("NetworkMode", Some("network-mode")),
            ("binds", Some("bind")),
            ("pid", Some("pids")),
            ("netw", Some("network-mode")),
            ("container.read", Some("containers.read")),
            ("Frobnicate", None),
            ("", None),
        ] {
            assert_eq!(closest(name, names), expected, "{name}");
        }
    }

    #[test]
    fn the_distance_counts_edits() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        for (a, b, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "ab", 1),
            ("abc", "acb", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(&chars(a), &chars(b), 9), expected, "{a} {b}");
        }
    }
}
