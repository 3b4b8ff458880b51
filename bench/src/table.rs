//! Tables that are read in a terminal and as Markdown.

use std::fmt::{self, Display, Formatter};

/// Rows of as many cells; the first one is the head.
#[derive(Default)]
pub struct Table(Vec<Vec<String>>);

impl Table {
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.0.push(cells.into_iter().map(Into::into).collect());
    }
}

impl Display for Table {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let columns = self.0.first().map_or(0, Vec::len);
        let width = |column: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        for (number, row) in self.0.iter().enumerate() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                match column {
                    0 => write!(formatter, "| {cell:width$} |")?,
                    _ => write!(formatter, " {cell:>width$} |")?,
                }
            }
            writeln!(formatter)?;
            if number == 0 {
                for (column, width) in widths.iter().enumerate() {
                    let line = "-".repeat(width + 1);
                    match column {
                        0 => write!(formatter, "|{line}-|")?,
                        _ => write!(formatter, "{line}:|")?,
                    }
                }
                writeln!(formatter)?;
            }
        }
        Ok(())
    }
}

/// With three digits that count.
pub fn number(value: f64) -> String {
    match value {
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ if value >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// In MiB.
pub fn memory(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

#[cfg(test)]
mod tests {
    use super::{Table, number};

    #[test]
    fn a_table_is_markdown_with_aligned_columns() {
        let mut table = Table::default();
        table.row(["", "requests/s"]);
        table.row(["Q1".to_owned(), number(1_234.56)]);
        table.row(["Q10".to_owned(), number(0.012_34)]);
        let expected = "\
|     | requests/s |
|-----|-----------:|
| Q1  |       1235 |
| Q10 |      0.012 |
";
        assert_eq!(table.to_string(), expected);
    }
}
