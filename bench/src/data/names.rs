//! Whom and what the history speaks of.

pub const PACKAGES: usize = 400;
pub const USERS: usize = 200;

pub const TEAMS: [&str; 25] = [
    "payments",
    "search",
    "checkout",
    "identity",
    "platform",
    "mobile",
    "data",
    "growth",
    "billing",
    "catalog",
    "shipping",
    "support",
    "messaging",
    "security",
    "analytics",
    "content",
    "pricing",
    "fraud",
    "partners",
    "video",
    "maps",
    "ads",
    "legal",
    "research",
    "internal-tools",
];

/// Those that come first are released to most.
pub const PLATFORMS: [&str; 12] = [
    "prod-eu-west",
    "staging",
    "prod-us-east",
    "test",
    "prod-us-west",
    "prod-ap-south",
    "canary",
    "prod-eu-north",
    "edge",
    "demo",
    "disaster-recovery",
    "lab",
];

const SUBJECTS: [&str; 20] = [
    "order", "user", "cart", "invoice", "session", "product", "stock", "price", "image", "mail",
    "token", "report", "event", "route", "profile", "review", "coupon", "ledger", "metric",
    "alert",
];
const PARTS: [&str; 20] = [
    "api",
    "web",
    "worker",
    "gateway",
    "importer",
    "exporter",
    "cache",
    "indexer",
    "scheduler",
    "proxy",
    "sync",
    "admin",
    "bridge",
    "store",
    "feed",
    "mailer",
    "cron",
    "archive",
    "renderer",
    "bot",
];
const FIRST_NAMES: [&str; 20] = [
    "ann", "bob", "chloe", "dmitri", "eva", "farid", "grace", "hugo", "ines", "jan", "kira",
    "liam", "mona", "nils", "olga", "pavel", "quinn", "rosa", "sven", "tara",
];
const LAST_NAMES: [&str; 10] = [
    "adams", "berg", "costa", "dekker", "evans", "fischer", "garcia", "haddad", "ivanov", "jansen",
];

/// The name of a package, e.g. `order-api`; each index has its own.
pub fn package(index: usize) -> String {
    let (part, subject) = (index / SUBJECTS.len(), index % SUBJECTS.len());
    format!(
        "{}-{}",
        SUBJECTS[(subject + 7 * part) % SUBJECTS.len()],
        PARTS[part]
    )
}

/// The name of a user, e.g. `ann.adams`; each index has its own.
pub fn user(index: usize) -> String {
    let (first, last) = (index % FIRST_NAMES.len(), index / FIRST_NAMES.len());
    format!("{}.{}", FIRST_NAMES[first], LAST_NAMES[last])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn no_name_is_given_twice() {
        let packages: HashSet<_> = (0..super::PACKAGES).map(super::package).collect();
        let users: HashSet<_> = (0..super::USERS).map(super::user).collect();
        assert_eq!(
            (packages.len(), users.len()),
            (super::PACKAGES, super::USERS)
        );
    }
}
