//! Sets of rules.

/// How many rules a policy may have, with all that it includes.
pub(super) const MAX_RULES: usize = WORDS * 64;

const WORDS: usize = 16;

/// A set of a policy's rules, by their numbers. It lives on the stack, so that a decision allocates nothing
/// for it, and its operations cost the same for one rule as for a thousand.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Mask([u64; WORDS]);

impl Mask {
    /// The set of one rule.
    pub(super) fn of(rule: usize) -> Self {
        let mut mask = Self::default();
        mask.insert(rule);
        mask
    }

    /// Adds a rule. Numbers beyond [`MAX_RULES`] are no rules, and the compiler refuses such policies.
    pub(super) fn insert(&mut self, rule: usize) {
        if let Some(word) = self.0.get_mut(rule / 64) {
            *word |= 1 << (rule % 64);
        }
    }

    /// Whether the rule is in the set.
    pub(super) fn has(&self, rule: usize) -> bool {
        self.0
            .get(rule / 64)
            .is_some_and(|word| word & (1 << (rule % 64)) != 0)
    }

    /// Whether no rule is in the set.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// What is in either.
    pub(super) fn or(&self, other: &Self) -> Self {
        self.join(other, |a, b| a | b)
    }

    /// What is in both.
    pub(super) fn and(&self, other: &Self) -> Self {
        self.join(other, |a, b| a & b)
    }

    /// What is in this and not in the other.
    pub(super) fn without(&self, other: &Self) -> Self {
        self.join(other, |a, b| a & !b)
    }

    /// The rules in the set, in the order of their numbers.
    pub(super) fn iter(self) -> impl Iterator<Item = usize> {
        self.0
            .into_iter()
            .enumerate()
            .filter(|(_, word)| *word != 0)
            .flat_map(|(index, word)| {
                (0..64_usize)
                    .filter(move |bit| word & (1 << bit) != 0)
                    .map(move |bit| index.saturating_mul(64).saturating_add(bit))
            })
    }

    fn join(&self, other: &Self, with: impl Fn(u64, u64) -> u64) -> Self {
        let mut words = self.0;
        for (word, other) in words.iter_mut().zip(other.0) {
            *word = with(*word, other);
        }
        Self(words)
    }
}

impl FromIterator<usize> for Mask {
    fn from_iter<T: IntoIterator<Item = usize>>(rules: T) -> Self {
        let mut mask = Self::default();
        for rule in rules {
            mask.insert(rule);
        }
        mask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_a_set() {
        let a: Mask = [0, 63, 64, 1023].into_iter().collect();
        let b: Mask = [63, 65].into_iter().collect();
        assert_eq!(a.iter().collect::<Vec<_>>(), [0, 63, 64, 1023]);
        assert_eq!(a.and(&b).iter().collect::<Vec<_>>(), [63]);
        assert_eq!(a.or(&b).iter().collect::<Vec<_>>(), [0, 63, 64, 65, 1023]);
        assert_eq!(a.without(&b).iter().collect::<Vec<_>>(), [0, 64, 1023]);
        assert!(a.has(1023) && !a.has(1) && !a.has(5000));
        assert!(Mask::of(MAX_RULES).is_empty());
    }
}
