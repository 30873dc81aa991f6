//! Just enough bencoding to write torrents, honest and hostile ones.

use std::collections::BTreeMap;

/// A bencoded value.
#[derive(Debug, Clone)]
pub enum Value {
    /// A number, kept as it is written so that it may overflow whatever reads it.
    Number(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A dictionary; written in the order of its keys.
    Dictionary(BTreeMap<Vec<u8>, Value>),
}

impl Value {
    /// The bytes of the value.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        out
    }

    fn encode_into(&self, out: &mut Vec<u8>) {
        match self {
            Self::Number(number) => out.extend(format!("i{number}e").bytes()),
            Self::Bytes(bytes) => {
                out.extend(format!("{}:", bytes.len()).bytes());
                out.extend(bytes);
            }
            Self::List(values) => {
                out.push(b'l');
                values.iter().for_each(|value| value.encode_into(out));
                out.push(b'e');
            }
            Self::Dictionary(members) => {
                out.push(b'd');
                for (key, value) in members {
                    Self::Bytes(key.clone()).encode_into(out);
                    value.encode_into(out);
                }
                out.push(b'e');
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Bytes(text.into())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number.to_string())
    }
}

/// A dictionary.
#[must_use]
pub fn dictionary<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let members = members.into_iter();
    Value::Dictionary(members.map(|(key, value)| (key.into(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_bep_3_says() {
        let value = dictionary([
            ("b", Value::List(vec![3_u64.into(), "ab".into()])),
            ("a", Value::Number("-1".into())),
        ]);
        assert_eq!(value.encode(), b"d1:ai-1e1:bli3e2:abee");
    }
}
