//! Filters for which an index has the answer.

use super::input::{PackageFilter, ReleaseFilter, StringFilter};

impl ReleaseFilter {
    /// Whether one index has just the releases that meet it, the latest start first, and no other could
    /// seem better: that of all, or that of those of each team.
    pub(in crate::service) fn has_index_of_its_own(&self) -> bool {
        let is_team = self.team.as_ref().is_none_or(is_one_text);
        let team = self.team.clone();
        is_team
            && *self
                == Self {
                    team,
                    ..Self::default()
                }
    }
}

impl PackageFilter {
    /// Whether one index has just the packages that meet it, the latest start first, and no other could
    /// seem better: that of all, or that of those of each name.
    pub(in crate::service) fn has_index_of_its_own(&self) -> bool {
        let is_name = self.name.as_ref().is_none_or(is_one_text);
        let name = self.name.clone();
        is_name
            && *self
                == Self {
                    name,
                    ..Self::default()
                }
    }

    /// Whether it asks for one version of one package: an index has these few, in the order of their
    /// releases.
    pub(in crate::service) fn is_about_one_version(&self) -> bool {
        let texts = [&self.name, &self.version];
        texts
            .into_iter()
            .all(|it| it.as_ref().is_some_and(is_one_text))
    }
}

/// Whether there is one text that meets it.
pub(super) fn is_one_text(filter: &StringFilter) -> bool {
    let eq = filter.eq.clone();
    let default = StringFilter::default();
    eq.is_some() && *filter == StringFilter { eq, ..default }
}

#[cfg(test)]
mod tests {
    use entity::DeployStatus;

    use super::super::input::StatusFilter;
    use super::*;

    fn equal(text: &str) -> StringFilter {
        StringFilter {
            eq: Some(text.to_owned()),
            ..StringFilter::default()
        }
    }

    #[test]
    fn all_and_those_of_a_team_or_name_have_an_index() {
        let all = ReleaseFilter::default();
        let team = || ReleaseFilter {
            team: Some(equal("maps")),
            ..all.clone()
        };
        assert!(all.has_index_of_its_own());
        assert!(team().has_index_of_its_own());
        let mut two_values = team();
        two_values.user = Some(equal("ann"));
        assert!(!two_values.has_index_of_its_own());
        let negated = ReleaseFilter {
            not: Some(Box::new(team())),
            ..ReleaseFilter::default()
        };
        assert!(!negated.has_index_of_its_own());
        let mut folded = team();
        folded.team.as_mut().unwrap().ignore_case = true;
        assert!(!folded.has_index_of_its_own());
        let status = StatusFilter {
            eq: Some(DeployStatus::Failed),
            ..StatusFilter::default()
        };
        let failed = PackageFilter {
            status: Some(status),
            ..PackageFilter::default()
        };
        assert!(!failed.has_index_of_its_own());
        let named = PackageFilter {
            name: Some(equal("api")),
            ..PackageFilter::default()
        };
        assert!(named.has_index_of_its_own());
    }
}
