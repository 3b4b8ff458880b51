//! How many there are of each outcome.

use entity::DeployStatus;

/// How many there are of each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// Those that ended well.
    pub successful: u64,
    /// Those that ended badly.
    pub failed: u64,
    /// Those under way.
    pub in_progress: u64,
    /// Those of which nothing has happened yet.
    pub not_started: u64,
}

impl OutcomeCounts {
    /// All of them.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.successful + self.failed + self.in_progress + self.not_started
    }
}

/// How many are rollbacks and how many are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountSplit {
    /// Those that are no rollbacks.
    pub normal: OutcomeCounts,
    /// Rollbacks.
    pub rollback: OutcomeCounts,
}

impl CountSplit {
    /// Both together.
    #[must_use]
    pub const fn total(self) -> OutcomeCounts {
        OutcomeCounts {
            successful: self.normal.successful + self.rollback.successful,
            failed: self.normal.failed + self.rollback.failed,
            in_progress: self.normal.in_progress + self.rollback.in_progress,
            not_started: self.normal.not_started + self.rollback.not_started,
        }
    }

    /// The count of one outcome.
    pub(super) const fn of_mut(&mut self, rollback: bool, status: DeployStatus) -> &mut u64 {
        let side = if rollback {
            &mut self.rollback
        } else {
            &mut self.normal
        };
        match status {
            DeployStatus::Successful => &mut side.successful,
            DeployStatus::Failed => &mut side.failed,
            DeployStatus::InProgress => &mut side.in_progress,
            DeployStatus::NotStarted => &mut side.not_started,
        }
    }
}
