//! Lines of a file, however long and whatever they hold.

use std::io::{self, BufRead};

use super::MAX_LINE_BYTES;

/// One line, without its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The line.
    Whole(Vec<u8>),
    /// The line is longer than what is read; its content was passed over.
    TooLong,
}

/// Reads lines that end with LF or CRLF; the last may lack its end.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    number: u64,
    longest: usize,
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most [`MAX_LINE_BYTES`].
    pub(super) const fn new(input: R) -> Self {
        Self::up_to(input, MAX_LINE_BYTES)
    }

    /// Lines of at most so many bytes.
    pub(super) const fn up_to(input: R, longest: usize) -> Self {
        Self { input, number: 0, longest }
    }

    /// The next line and its number, from 1; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Line)>> {
        let mut line = Vec::new();
        let mut seen = false;
        let mut too_long = false;
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                break;
            }
            seen = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = &buffer[..end.unwrap_or(buffer.len())];
            too_long |= line.len() + part.len() > self.longest;
            if !too_long {
                line.extend_from_slice(part);
            }
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !seen {
            return Ok(None);
        }
        self.number += 1;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some((self.number, if too_long { Line::TooLong } else { Line::Whole(line) })))
    }

    /// The next line that holds more than white space, and its number among all lines.
    pub(super) fn next_filled(&mut self) -> io::Result<Option<(u64, Line)>> {
        loop {
            match self.next()? {
                Some((_, Line::Whole(bytes))) if bytes.trim_ascii().is_empty() => {}
                next => return Ok(next),
            }
        }
    }
}

impl Line {
    /// The text of a line of at most so many bytes.
    pub(super) fn text(self, longest: usize) -> Result<String, String> {
        match self {
            Self::TooLong => Err(format!("longer than {longest} bytes")),
            Self::Whole(bytes) => String::from_utf8(bytes)
                .map_err(|error| format!("column {}: not UTF-8", error.utf8_error().valid_up_to() + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, Line)> {
        let mut lines = Lines::new(BufReader::with_capacity(7, bytes));
        std::iter::from_fn(|| lines.next().expect("memory does not fail")).collect()
    }

    fn whole(number: u64, text: &[u8]) -> (u64, Line) {
        (number, Line::Whole(text.to_vec()))
    }

    #[test]
    fn lines_end_with_crlf_or_lf_or_not_at_all() {
        assert_eq!(
            lines(b"one\r\ntwo\n\nfour"),
            [whole(1, b"one"), whole(2, b"two"), whole(3, b""), whole(4, b"four")]
        );
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_huge_line_is_passed_over_and_the_next_one_is_read() {
        let mut bytes = vec![b'x'; MAX_LINE_BYTES * 3];
        bytes.extend_from_slice(b"\nnext");
        assert_eq!(lines(&bytes), [(1, Line::TooLong), whole(2, b"next")]);
    }

    #[test]
    fn bytes_that_are_no_text_come_through_as_they_are() {
        assert_eq!(lines(b"\xff\xfe\0\n"), [whole(1, b"\xff\xfe\0")]);
    }
}
