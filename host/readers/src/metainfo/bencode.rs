//! A strict reader of bencoding (BEP 3) that builds no tree: ten megabytes of `le` must not become
//! hundreds of megabytes of values. It borrows, so the raw bytes of `info` can be hashed.

/// Deepest nesting that is read. Real torrents stay below 10; librqbit's own reader ends at 128.
const MAX_DEPTH: u8 = 100;

/// What is wrong with the bytes: the end of a sentence that begins with "This is not a torrent file:".
pub type Fault = &'static str;

/// A cursor over bencoded bytes.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    data: &'a [u8],
    position: usize,
    depth: u8,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0, depth: 0 }
    }

    fn peek(&self) -> Result<u8, Fault> {
        self.data.get(self.position).copied().ok_or("it ends too early")
    }

    fn take(&mut self, expected: u8, fault: Fault) -> Result<(), Fault> {
        if self.peek()? != expected {
            return Err(fault);
        }
        self.position += 1;
        Ok(())
    }

    /// Decimal digits up to `end`, which is read too. No sign, no leading zeros: one number has one
    /// spelling, so that no other reader can understand it differently.
    fn digits(&mut self, end: u8) -> Result<u64, Fault> {
        let rest = self.data.get(self.position..).unwrap_or_default();
        let length = rest.iter().position(|&b| b == end).ok_or("a number does not end")?;
        let digits = &rest[..length];
        let plain =
            matches!(digits, [b'0'] | [b'1'..=b'9', ..]) && digits.iter().all(u8::is_ascii_digit);
        if !plain {
            return Err("a number is malformed");
        }
        let value = digits
            .iter()
            .try_fold(0u64, |value, d| value.checked_mul(10)?.checked_add(u64::from(d - b'0')))
            .ok_or("a number is too large")?;
        self.position += length + 1;
        Ok(value)
    }

    /// A string of bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        if !self.peek()?.is_ascii_digit() {
            return Err("a text is missing or is something else");
        }
        let length = usize::try_from(self.digits(b':')?).map_err(|_| "a text is too long")?;
        let end = self.position.checked_add(length).ok_or("a text is too long")?;
        let bytes = self.data.get(self.position..end).ok_or("it ends too early")?;
        self.position = end;
        Ok(bytes)
    }

    /// An integer that is not negative.
    pub fn unsigned(&mut self) -> Result<u64, Fault> {
        self.take(b'i', "a number is missing or is something else")?;
        self.digits(b'e')
    }

    /// Calls `each` at every element of a list; it must read exactly one value.
    pub fn list(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.take(b'l', "a list is missing or is something else")?;
        self.nested(|reader| each(reader))
    }

    /// Calls `each` with every key of a dictionary; it must read exactly one value.
    pub fn dict(
        &mut self,
        mut each: impl FnMut(&'a [u8], &mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.take(b'd', "a dictionary is missing or is something else")?;
        self.nested(|reader| {
            let key = reader.bytes()?;
            each(key, reader)
        })
    }

    fn nested(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.depth == MAX_DEPTH {
            return Err("it is nested too deeply");
        }
        self.depth += 1;
        while self.peek()? != b'e' {
            each(self)?;
        }
        self.position += 1;
        self.depth -= 1;
        Ok(())
    }

    /// Passes over one value of any kind and returns its raw bytes.
    pub fn skip(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.position;
        match self.peek()? {
            b'i' => {
                self.position += 1;
                if self.peek()? == b'-' {
                    self.position += 1;
                }
                // librqbit reads unknown integers as i64 and would overflow.
                if self.digits(b'e')? > i64::MAX as u64 {
                    return Err("a number is too large");
                }
            }
            b'l' => self.list(|reader| reader.skip().map(drop))?,
            b'd' => self.dict(|_, reader| reader.skip().map(drop))?,
            b'0'..=b'9' => _ = self.bytes()?,
            _ => return Err("it is not bencoded"),
        }
        Ok(self.data.get(start..self.position).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_read() {
        assert_eq!(Reader::new(b"4:spam").bytes(), Ok(&b"spam"[..]));
        assert_eq!(Reader::new(b"0:").bytes(), Ok(&b""[..]));
        assert_eq!(Reader::new(b"i18446744073709551615e").unsigned(), Ok(u64::MAX));
        let mut keys = Vec::new();
        Reader::new(b"d1:bi1e1:ali-3e1:xee")
            .dict(|key, reader| {
                keys.push(key);
                reader.skip().map(drop)
            })
            .unwrap();
        assert_eq!(keys, [b"b", b"a"]);
        assert_eq!(Reader::new(b"d1:ale2:bbi7eeXX").skip(), Ok(&b"d1:ale2:bbi7ee"[..]));
    }

    #[test]
    fn malformed_bytes_are_refused() {
        for bad in [
            "",
            "i",
            "ie",
            "i-e",
            "i01e",
            "i+1e",
            "i1",
            "i 1e",
            "5:abcd",
            "01:a",
            ":",
            "1",
            "l",
            "li1e",
            "d1:ae",
            "di1ei2ee",
            "x",
            "e",
            "99999999999999999999:a",
            "i9223372036854775808e",
            "18446744073709551615:a",
        ] {
            assert!(Reader::new(bad.as_bytes()).skip().is_err(), "{bad}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth| [vec![b'l'; depth], vec![b'e'; depth]].concat();
        assert!(Reader::new(&nested(100)).skip().is_ok());
        assert!(Reader::new(&nested(101)).skip().is_err());
        assert!(Reader::new(&nested(1_000_000)).skip().is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(data in "[ilde0-9:a-]{0,80}") {
            let mut reader = Reader::new(data.as_bytes());
            if let Ok(raw) = reader.skip() {
                prop_assert_eq!(raw.len(), reader.position);
            }
        }
    }
}
