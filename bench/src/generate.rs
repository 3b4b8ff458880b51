//! `orlo-bench generate`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::data::History;

/// How many releases there are, and where they go.
#[derive(Args)]
pub struct Generate {
    /// How many releases.
    #[arg(long, default_value_t = 20_000)]
    size: u64,
    /// The file; `-` is standard output.
    #[arg(long, default_value = "-")]
    out: PathBuf,
}

impl Generate {
    pub fn run(self) -> anyhow::Result<()> {
        let Self { size, out } = self;
        if out.as_os_str() == "-" {
            return write(size, io::stdout().lock());
        }
        let file = File::create(&out).with_context(|| format!("cannot write {}", out.display()))?;
        write(size, file)
    }
}

/// One line for each release, whatever their number in the memory of one.
pub fn write(size: u64, out: impl Write) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 18, out);
    for release in History::new(size) {
        serde_json::to_writer(&mut out, &release)?;
        out.write_all(b"\n")?;
    }
    out.flush().context("cannot write the releases")
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    #[test]
    fn the_same_size_gives_the_same_bytes_for_ever() {
        let mut bytes = Vec::new();
        super::write(1_000, &mut bytes).unwrap();
        let hash = Sha256::digest(&bytes);
        assert_eq!(hash[..8], [230, 33, 175, 225, 144, 63, 43, 192]);
    }
}
