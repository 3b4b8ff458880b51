//! Lines and columns of bytes.

use async_graphql::Pos;

/// Finds places in a document, one after the other: it reads on from the last one.
pub struct Positions<'a> {
    document: &'a str,
    offset: usize,
    place: Pos,
}

const START: Pos = Pos { line: 1, column: 1 };

impl<'a> Positions<'a> {
    pub fn new(document: &'a str) -> Self {
        Self {
            document,
            offset: 0,
            place: START,
        }
    }

    /// The line and the column in characters of the byte at `offset`, both counted from 1. A place
    /// before the last one is looked for from the start.
    pub fn at(&mut self, offset: usize) -> Pos {
        if offset < self.offset {
            (self.offset, self.place) = (0, START);
        }
        let passed = self.document.as_bytes().get(self.offset..offset);
        for byte in passed.unwrap_or_default() {
            match byte {
                b'\n' => {
                    self.place.line += 1;
                    self.place.column = 1;
                }
                b'\r' => self.place.column = 1,
                // The second and further bytes of a character.
                0x80..0xC0 => {}
                _ => self.place.column += 1,
            }
        }
        self.offset = offset;
        self.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_characters_count() {
        let document = "aé\n\u{1F600}b\r\nc";
        let mut positions = Positions::new(document);
        for (text, expected) in [("a", (1, 1)), ("\n", (1, 3)), ("b", (2, 2)), ("c", (3, 1))] {
            let offset = document.find(text).unwrap();
            assert_eq!(positions.at(offset), Pos::from(expected), "{text}");
        }
        assert_eq!(positions.at(1), Pos::from((1, 2)), "backwards");
    }
}
