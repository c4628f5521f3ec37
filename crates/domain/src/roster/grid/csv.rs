//! Comma-separated values after RFC 4180: just enough of it to read and write a grid.

/// One cell of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// What it says, without the quotes.
    pub(super) text: String,
    /// The line it begins on, from 1.
    pub(super) line: usize,
}

/// Where the text is no CSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// The line, from 1.
    pub(super) line: usize,
    /// The cell on it, from 1.
    pub(super) column: usize,
    /// What was expected.
    pub(super) expected: &'static str,
}

/// Reads records one after the other. Lines end with LF or CRLF; quoted cells may hold line ends.
pub(super) struct Records<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    line: usize,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.chars().peekable(), line: 1 }
    }

    fn next_is(&mut self, wanted: char) -> bool {
        self.rest.next_if_eq(&wanted).is_some()
    }

    /// The cell that begins here, up to but not including the comma or line end.
    fn field(&mut self, column: usize) -> Result<Field, Broken> {
        let line = self.line;
        let text = if self.next_is('"') { self.quoted(column)? } else { self.plain(column)? };
        Ok(Field { text, line })
    }

    fn plain(&mut self, column: usize) -> Result<String, Broken> {
        let mut text = String::new();
        while let Some(c) = self.rest.next_if(|c| !matches!(c, ',' | '\n')) {
            if c == '"' {
                let expected = "must be quoted as a whole to hold a quotation mark, and the mark doubled";
                return Err(Broken { line: self.line, column, expected });
            }
            text.push(c);
        }
        if self.rest.peek() == Some(&'\n') && text.ends_with('\r') {
            text.pop();
        }
        Ok(text)
    }

    fn quoted(&mut self, column: usize) -> Result<String, Broken> {
        let opened = self.line;
        let mut text = String::new();
        loop {
            match self.rest.next() {
                None => {
                    let expected = "must have a closing quotation mark";
                    return Err(Broken { line: opened, column, expected });
                }
                Some('"') if !self.next_is('"') => break,
                Some(c) => {
                    self.line += usize::from(c == '\n');
                    text.push(c);
                }
            }
        }
        if self.rest.clone().take(2).eq(['\r', '\n']) {
            self.next_is('\r');
        }
        if matches!(self.rest.peek(), None | Some(',' | '\n')) {
            return Ok(text);
        }
        let expected = "must end at its closing quotation mark";
        Err(Broken { line: self.line, column, expected })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Vec<Field>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest.peek()?;
        let mut fields = Vec::new();
        loop {
            match self.field(fields.len() + 1) {
                Ok(field) => fields.push(field),
                // What follows cannot be told apart from what should have been quoted.
                Err(broken) => {
                    self.rest = "".chars().peekable();
                    return Some(Err(broken));
                }
            }
            if !self.next_is(',') {
                self.next_is('\n');
                self.line += 1;
                return Some(Ok(fields));
            }
        }
    }
}

/// Writes one record with its line end, quoting what needs it.
pub(super) fn write_record<'a>(fields: impl Iterator<Item = &'a str>, into: &mut String) {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            into.push(',');
        }
        if field.contains([',', '"', '\n', '\r']) {
            into.push('"');
            into.push_str(&field.replace('"', "\"\""));
            into.push('"');
        } else {
            into.push_str(field);
        }
    }
    into.push('\n');
}
