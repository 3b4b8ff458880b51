mod layouts;
mod meanings;

use super::stream::{self, ReadError, Row};

/// Every document of a text.
fn rows(text: &[u8]) -> Result<Vec<Row>, ReadError> {
    let mut rows = Vec::new();
    stream::read(text, &mut |row| {
        rows.push(row);
        true
    })?;
    Ok(rows)
}
