//! What is counted, and in which groups.

use std::cmp::Ordering;

use crate::service::filter::ReleaseFilter;

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CountUnit {
    /// Releases, with their status, rollback flag and duration.
    #[default]
    Releases,
    /// Packages of releases, with their own status, rollback flag and duration.
    Packages,
}

/// What groups have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Who released.
    User,
    /// The team it was for.
    Team,
    /// A platform; a release on two platforms counts once under each.
    Platform,
    /// The name of a package; a release of two packages counts once under each.
    Package,
}

impl Dimension {
    /// What its column is called in the layers of a statement.
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Team => "team",
            Self::Platform => "platform",
            Self::Package => "package",
        }
    }
}

/// A question of statistics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// The releases that count, or whose packages do.
    pub filter: ReleaseFilter,
    /// In which groups; none for all in one. One that is there twice counts once.
    pub group_by: Vec<Dimension>,
    /// What is counted.
    pub count_by: CountUnit,
    /// Whether durations are wanted as well; they cost a sort, and memory.
    pub durations: bool,
}

impl Question {
    /// Whether more matters than what packages know by themselves.
    pub(super) fn is_about_releases(&self) -> bool {
        let is_of_packages = |it: &Dimension| *it == Dimension::Package;
        self.count_by == CountUnit::Releases
            || self.filter != ReleaseFilter::default()
            || !self.group_by.iter().all(is_of_packages)
    }

    /// The dimensions to group by, each once.
    pub(super) fn dimensions(&self) -> Vec<Dimension> {
        let mut dimensions = Vec::new();
        for dimension in &self.group_by {
            if !dimensions.contains(dimension) {
                dimensions.push(*dimension);
            }
        }
        dimensions
    }
}

/// What a group has in common. A dimension that is not grouped by is `None`, like one that is
/// missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Key {
    /// Who released.
    pub user: Option<String>,
    /// The team it was for.
    pub team: Option<String>,
    /// The platform.
    pub platform: Option<String>,
    /// The name of the package.
    pub package: Option<String>,
}

impl Key {
    /// The value of one dimension.
    pub(super) fn value(&self, dimension: Dimension) -> Option<&str> {
        match dimension {
            Dimension::User => self.user.as_deref(),
            Dimension::Team => self.team.as_deref(),
            Dimension::Platform => self.platform.as_deref(),
            Dimension::Package => self.package.as_deref(),
        }
    }

    /// Where to put the value of one dimension.
    pub(super) const fn value_mut(&mut self, dimension: Dimension) -> &mut Option<String> {
        match dimension {
            Dimension::User => &mut self.user,
            Dimension::Team => &mut self.team,
            Dimension::Platform => &mut self.platform,
            Dimension::Package => &mut self.package,
        }
    }

    /// Which of two keys comes first: the first of the `dimensions` that differs decides, byte
    /// for byte; what is missing comes last.
    pub(super) fn compare(&self, other: &Self, dimensions: &[Dimension]) -> Ordering {
        let by_dimension = dimensions.iter().map(|dimension| {
            let (own, other) = (self.value(*dimension), other.value(*dimension));
            own.is_none().cmp(&other.is_none()).then(own.cmp(&other))
        });
        by_dimension.fold(Ordering::Equal, Ordering::then)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_the_dimensions_in_turn_and_what_is_missing_comes_last() {
        let key = |team: Option<&str>, user: Option<&str>| Key {
            team: team.map(str::to_owned),
            user: user.map(str::to_owned),
            ..Key::default()
        };
        let mut keys = [
            key(None, Some("ann")),
            key(Some("b"), Some("bob")),
            key(Some("b"), None),
            key(Some("a"), Some("zoe")),
        ];
        let sorted = [
            keys[3].clone(),
            keys[1].clone(),
            keys[2].clone(),
            keys[0].clone(),
        ];
        keys.sort_by(|one, other| one.compare(other, &[Dimension::Team, Dimension::User]));
        assert_eq!(keys, sorted);
    }
}
