//! The `orlo` binary.

fn main() {}
