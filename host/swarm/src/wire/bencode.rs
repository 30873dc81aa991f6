//! Bencoding (BEP 3) as peers and trackers send it: a lenient, bounded reader that copies nothing,
//! and a small writer for dictionaries.
//!
//! Torrent files have a reader of their own (`torrpeddo_readers::metainfo`), which is stricter
//! because the bytes of `info` are hashed.

use std::ops::Range;

use thiserror::Error;

/// Deepest nesting of lists and dictionaries.
pub const MAX_DEPTH: usize = 32;

/// Most values in one document: numbers, strings, lists and dictionaries, but not keys. The values
/// of a document take at most about 10 MiB while it is read.
pub const MAX_ELEMENTS: usize = 64 * 1024;

/// Why bytes are not bencoded data that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BencodeError {
    /// The data ends within a value.
    #[error("the bencoded data is cut short")]
    Truncated,
    /// A byte that cannot be where it is.
    #[error("the data is not bencoded")]
    Syntax,
    /// Lists and dictionaries are nested deeper than [`MAX_DEPTH`].
    #[error("the bencoded data is nested too deeply")]
    TooDeep,
    /// There are more than [`MAX_ELEMENTS`] values.
    #[error("the bencoded data has too many elements")]
    TooManyElements,
    /// The value is not a dictionary where one is required.
    #[error("the bencoded data is not a dictionary")]
    NotADictionary,
}

/// A bencoded value that borrows its strings from the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A number. Numbers outside the range of an `i64` become its nearest end.
    Integer(i64),
    /// A byte string.
    Bytes(&'a [u8]),
    /// A list.
    List(Vec<Self>),
    /// A dictionary in the order of the data. Keys may be unsorted and repeated.
    Dict(Vec<(&'a [u8], Self)>),
}

impl<'a> Value<'a> {
    /// Reads the value at the start of the data. Returns it and the number of bytes it takes.
    ///
    /// # Errors
    /// If the data does not start with a whole value within [`MAX_DEPTH`] and [`MAX_ELEMENTS`].
    pub fn parse_prefix(data: &'a [u8]) -> Result<(Self, usize), BencodeError> {
        let mut reader = Reader { rest: data, elements: 0 };
        let value = reader.value(0)?;
        Ok((value, data.len() - reader.rest.len()))
    }

    /// Reads the value at the start of the data and ignores the bytes after it.
    ///
    /// # Errors
    /// As [`Value::parse_prefix`].
    pub fn parse(data: &'a [u8]) -> Result<Self, BencodeError> {
        Self::parse_prefix(data).map(|(value, _)| value)
    }

    /// The value of a dictionary's key; the first one if the key is repeated.
    #[must_use]
    pub fn get(&self, key: &[u8]) -> Option<&Self> {
        self.as_dict()?.iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The number, if it is one.
    #[must_use]
    pub const fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The byte string, if it is one.
    #[must_use]
    pub const fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The byte string as text, if it is valid UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        std::str::from_utf8(self.as_bytes()?).ok()
    }

    /// The values of a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    /// The entries of a dictionary.
    #[must_use]
    pub fn as_dict(&self) -> Option<&[(&'a [u8], Self)]> {
        match self {
            Self::Dict(entries) => Some(entries),
            _ => None,
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    elements: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value<'a>, BencodeError> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(BencodeError::TooManyElements);
        }
        match self.peek()? {
            b'i' => {
                self.skip();
                self.integer().map(Value::Integer)
            }
            b'l' => {
                self.nest(depth)?;
                let mut values = Vec::new();
                while !self.take_end()? {
                    values.push(self.value(depth + 1)?);
                }
                Ok(Value::List(values))
            }
            b'd' => {
                self.nest(depth)?;
                let mut entries = Vec::new();
                while !self.take_end()? {
                    let key = self.bytes()?;
                    entries.push((key, self.value(depth + 1)?));
                }
                Ok(Value::Dict(entries))
            }
            _ => self.bytes().map(Value::Bytes),
        }
    }

    /// Takes the first byte of a list or dictionary.
    fn nest(&mut self, depth: usize) -> Result<(), BencodeError> {
        if depth >= MAX_DEPTH {
            return Err(BencodeError::TooDeep);
        }
        self.skip();
        Ok(())
    }

    fn peek(&self) -> Result<u8, BencodeError> {
        self.rest.first().copied().ok_or(BencodeError::Truncated)
    }

    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// Takes an `e` if it is next.
    fn take_end(&mut self) -> Result<bool, BencodeError> {
        let end = self.peek()? == b'e';
        if end {
            self.skip();
        }
        Ok(end)
    }

    /// Takes `digits e`, with a sign or without.
    fn integer(&mut self) -> Result<i64, BencodeError> {
        let negative = self.peek()? == b'-';
        if negative {
            self.skip();
        }
        let mut number = self.digit()?;
        while !self.take_end()? {
            number = number.saturating_mul(10).saturating_add(self.digit()?);
        }
        // `i64::MIN` becomes `-i64::MAX`: both stand for a number that is out of range.
        Ok(if negative { -number } else { number })
    }

    /// Takes `length : bytes`.
    fn bytes(&mut self) -> Result<&'a [u8], BencodeError> {
        let mut length = self.digit()?;
        while self.peek()? != b':' {
            length = length.saturating_mul(10).saturating_add(self.digit()?);
        }
        self.skip();
        let length = usize::try_from(length).map_err(|_| BencodeError::Truncated)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(BencodeError::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn digit(&mut self) -> Result<i64, BencodeError> {
        let byte = self.peek()?;
        if !byte.is_ascii_digit() {
            return Err(BencodeError::Syntax);
        }
        self.skip();
        Ok(i64::from(byte - b'0'))
    }
}

/// Writes one dictionary. The caller gives the keys in ascending order, as BEP 3 requires.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    /// Where the last key of the innermost open dictionary is in `out`.
    last_key: Option<Range<usize>>,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// A dictionary without entries.
    #[must_use]
    pub fn new() -> Self {
        Self { out: vec![b'd'], last_key: None }
    }

    /// Adds a number.
    pub fn integer(&mut self, key: &[u8], number: impl Into<i64>) -> &mut Self {
        self.key(key);
        self.out.extend_from_slice(format!("i{}e", number.into()).as_bytes());
        self
    }

    /// Adds a byte string.
    pub fn bytes(&mut self, key: &[u8], value: &[u8]) -> &mut Self {
        self.key(key);
        self.string(value);
        self
    }

    /// Adds a dictionary, whose entries `fill` adds.
    pub fn dict(&mut self, key: &[u8], fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.key(key);
        let outer = self.last_key.take();
        self.out.push(b'd');
        fill(self);
        self.out.push(b'e');
        self.last_key = outer;
        self
    }

    /// Ends the dictionary and returns its bytes.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.out.push(b'e');
        self.out
    }

    fn key(&mut self, key: &[u8]) {
        let last = self.last_key.take().and_then(|range| self.out.get(range));
        debug_assert!(last.is_none_or(|last| last < key), "keys are given in ascending order");
        self.string(key);
        self.last_key = Some(self.out.len() - key.len()..self.out.len());
    }

    fn string(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(format!("{}:", bytes.len()).as_bytes());
        self.out.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
