//! Filters for which an index has the answer.

use super::input::{PackageFilter, ReleaseFilter, StatusFilter, StringFilter};

impl ReleaseFilter {
    /// Whether an index has just the releases that meet it, the latest start first. There is one of all,
    /// and of those of each user, team and status.
    pub(in crate::service) fn is_in_an_index(&self) -> bool {
        let mut rest = self.clone();
        let texts = [rest.user.take(), rest.team.take()];
        let status = rest.status.take();
        rest == Self::default() && is_at_most_one_value(&texts, status.as_ref())
    }
}

impl PackageFilter {
    /// Whether an index has just the packages that meet it, the latest start first. There is one of all,
    /// and of those of each name and status.
    pub(in crate::service) fn is_in_an_index(&self) -> bool {
        let mut rest = self.clone();
        let texts = [rest.name.take()];
        let status = rest.status.take();
        rest == Self::default() && is_at_most_one_value(&texts, status.as_ref())
    }
}

/// Whether there is no more than one condition, and that is to be equal to something.
fn is_at_most_one_value(texts: &[Option<StringFilter>], status: Option<&StatusFilter>) -> bool {
    let is_equal = |text: &StringFilter| {
        let eq = text.eq.clone();
        let default = StringFilter::default();
        eq.is_some() && *text == StringFilter { eq, ..default }
    };
    let is_one = |status: &StatusFilter| {
        let eq = status.eq;
        let default = StatusFilter::default();
        eq.is_some() && *status == StatusFilter { eq, ..default }
    };
    let texts = texts.iter().flatten().map(is_equal);
    let conditions: Vec<_> = texts.chain(status.map(is_one)).collect();
    matches!(conditions[..], [] | [true])
}

#[cfg(test)]
mod tests {
    use entity::DeployStatus;

    use super::*;

    fn equal(text: &str) -> StringFilter {
        StringFilter {
            eq: Some(text.to_owned()),
            ..StringFilter::default()
        }
    }

    #[test]
    fn an_index_has_all_and_those_with_one_value() {
        let all = ReleaseFilter::default();
        let team = || ReleaseFilter {
            team: Some(equal("maps")),
            ..all.clone()
        };
        assert!(all.is_in_an_index());
        assert!(team().is_in_an_index());
        let mut two_values = team();
        two_values.user = Some(equal("ann"));
        assert!(!two_values.is_in_an_index());
        let negated = ReleaseFilter {
            not: Some(Box::new(team())),
            ..ReleaseFilter::default()
        };
        assert!(!negated.is_in_an_index());
        let mut folded = team();
        folded.team.as_mut().unwrap().ignore_case = true;
        assert!(!folded.is_in_an_index());
        let rare = StatusFilter {
            ne: Some(DeployStatus::Successful),
            ..StatusFilter::default()
        };
        let unequal = PackageFilter {
            status: Some(rare),
            ..PackageFilter::default()
        };
        assert!(!unequal.is_in_an_index());
        let named = PackageFilter {
            name: Some(equal("api")),
            ..PackageFilter::default()
        };
        assert!(named.is_in_an_index());
    }
}
