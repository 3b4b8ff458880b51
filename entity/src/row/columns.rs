use sea_orm::{EntityTrait, IdenStatic, Iterable};

/// Some columns of a table, by their place in it; all of them unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Columns(u64);

impl Default for Columns {
    fn default() -> Self {
        Self::ALL
    }
}

impl Columns {
    /// All columns, and whatever is selected behind them.
    pub const ALL: Self = Self(u64::MAX);

    /// Nothing: the rows are not wanted at all.
    pub const NONE: Self = Self(0);

    /// `columns` alone of those of `E`, and whatever is selected behind them.
    pub fn only<E: EntityTrait>(columns: impl IntoIterator<Item = E::Column>) -> Self {
        let name = |column: E::Column| column.as_str();
        let wanted: Vec<&str> = columns.into_iter().map(name).collect();
        let places = (0..).zip(E::Column::iter().map(name));
        let left_out = places.filter(|(_, column)| !wanted.contains(column));
        Self(left_out.fold(u64::MAX, |bits, (place, _)| bits & !(1 << place)))
    }

    /// Whether the column at `place` is one of them.
    #[must_use]
    pub const fn has(self, place: usize) -> bool {
        place >= 64 || self.0 >> place & 1 == 1
    }
}
