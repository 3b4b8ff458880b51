//! Numbers that look random and are the same for ever, on every machine: a version of a library
//! may draw differently, and floating point may round differently.

/// `SplitMix64` by Sebastiano Vigna, who put it into the public domain.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `bound`, every number as often.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        (wide >> 64) as u64
    }

    /// An index of something that has `len` elements.
    pub fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// True in so many of a thousand cases.
    pub fn permille(&mut self, share: u64) -> bool {
        self.below(1_000) < share
    }

    /// From `least` on; small numbers are common, those near `least + spread` rare.
    pub fn skewed(&mut self, least: u64, spread: u64) -> u64 {
        let (a, b, c) = (self.below(1_000), self.below(1_000), self.below(1_000));
        least + spread * (a * b * c) / 1_000_000_000
    }
}

/// Draws indexes of which each comes up in proportion to its weight.
pub struct Weighted {
    /// The sums of the weights up to each index.
    sums: Vec<u64>,
}

impl Weighted {
    pub fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let sum_up = |sum: &mut u64, weight| {
            *sum += weight;
            Some(*sum)
        };
        Self {
            sums: weights.into_iter().scan(0, sum_up).collect(),
        }
    }

    /// As Zipf found words to be: the second comes up half as often as the first, the third a
    /// third as often.
    pub fn zipf(len: u64) -> Self {
        Self::new((1..=len).map(|rank| 1_000_000 / rank))
    }

    pub fn total(&self) -> u64 {
        self.sums.last().copied().unwrap_or(0)
    }

    /// The index that has the `place`-th unit of all weight, and how far into its weight that is.
    pub fn at(&self, place: u64) -> (usize, u64) {
        let index = self.sums.partition_point(|sum| *sum <= place);
        let before = index.checked_sub(1).map_or(0, |before| self.sums[before]);
        (index, place - before)
    }

    pub fn weight(&self, index: usize) -> u64 {
        let before = index.checked_sub(1).map_or(0, |before| self.sums[before]);
        self.sums[index] - before
    }

    pub fn draw(&self, random: &mut Random) -> usize {
        self.at(random.below(self.total())).0
    }
}
