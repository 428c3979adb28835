//! What files of a restore are called until they are whole.

use std::io;

/// Names for the files of one restore that are not yet whole; nobody can have foreseen them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnfinishedNames(u64);

impl UnfinishedNames {
    /// Draws names that no other restore has.
    ///
    /// # Errors
    ///
    /// If the system has no randomness.
    pub fn draw() -> io::Result<Self> {
        let random = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self(random))
    }

    /// Tells whether a name in a directory is one of these.
    pub fn has(&self, name: &[u8]) -> bool {
        let number = name.strip_prefix(self.prefix().as_bytes());
        number.is_some_and(|number| {
            !number.is_empty() && number.iter().all(|digit| digit.is_ascii_digit())
        })
    }

    /// The name of the `number`-th file.
    pub(super) fn name(&self, number: u64) -> Vec<u8> {
        format!("{}{number}", self.prefix()).into_bytes()
    }

    fn prefix(&self) -> String {
        format!(".markerbed-{:016x}-", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_another_restore_and_of_the_user_are_not_ours() {
        let ours = UnfinishedNames(7);

        assert!(ours.has(&ours.name(0)) && ours.has(&ours.name(12)));
        let others = [UnfinishedNames(8).name(0), b".markerbed-0000000000000007-".to_vec()];
        assert!(others.iter().all(|name| !ours.has(name)));
        assert!(!ours.has(b".markerbed-0000000000000007-1.txt") && !ours.has(b"plan.md"));
    }
}
