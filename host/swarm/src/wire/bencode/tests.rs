use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn read(data: &str) -> Result<Value<'_>, BencodeError> {
    Value::parse(data.as_bytes())
}

#[test]
fn every_type_is_read() {
    assert_eq!(read("i42e"), Ok(Value::Integer(42)));
    assert_eq!(read("i-42e"), Ok(Value::Integer(-42)));
    assert_eq!(read("4:spam"), Ok(Value::Bytes(b"spam")));
    assert_eq!(read("0:"), Ok(Value::Bytes(b"")));
    assert_eq!(read("le"), Ok(Value::List(vec![])));
    assert_eq!(read("l1:ai1ee"), Ok(Value::List(vec![Value::Bytes(b"a"), Value::Integer(1)])));
    assert_eq!(read("de"), Ok(Value::Dict(vec![])));
    let dict = read("d1:ad1:bl1:ceee").expect("a dictionary");
    let list = dict.get(b"a").and_then(|a| a.get(b"b")).and_then(Value::as_list);
    assert_eq!(list, Some(&[Value::Bytes(b"c")][..]));
}

#[test]
fn the_accessors_tell_types_apart() {
    let (number, bytes) = (Value::Integer(7), Value::Bytes(b"x"));
    let (list, dict) = (Value::List(vec![]), Value::Dict(vec![]));
    assert_eq!(
        [&number, &bytes, &list, &dict].map(|v| v.as_integer().is_some()),
        [true, false, false, false]
    );
    assert_eq!(
        [&number, &bytes, &list, &dict].map(|v| v.as_bytes().is_some()),
        [false, true, false, false]
    );
    assert_eq!(
        [&number, &bytes, &list, &dict].map(|v| v.as_list().is_some()),
        [false, false, true, false]
    );
    assert_eq!(
        [&number, &bytes, &list, &dict].map(|v| v.as_dict().is_some()),
        [false, false, false, true]
    );
    assert_eq!(bytes.as_str(), Some("x"));
    assert_eq!(Value::Bytes(b"\xff").as_str(), None);
    assert_eq!(number.get(b"x"), None);
}

#[test]
fn unsorted_and_repeated_keys_are_accepted() {
    let dict = read("d1:bi1e1:ai2e1:bi3ee").expect("a dictionary");
    assert_eq!(dict.get(b"b"), Some(&Value::Integer(1)));
    assert_eq!(dict.get(b"a"), Some(&Value::Integer(2)));
    assert_eq!(dict.get(b"c"), None);
    assert_eq!(dict.as_dict().map(<[_]>::len), Some(3));
}

#[test]
fn numbers_are_clamped_and_may_be_spelled_oddly() {
    assert_eq!(read("i9223372036854775807e"), Ok(Value::Integer(i64::MAX)));
    assert_eq!(read("i99999999999999999999999e"), Ok(Value::Integer(i64::MAX)));
    assert_eq!(read("i-99999999999999999999999e"), Ok(Value::Integer(-i64::MAX)));
    assert_eq!(read("i007e"), Ok(Value::Integer(7)));
    assert_eq!(read("i-0e"), Ok(Value::Integer(0)));
    assert_eq!(read("02:ab"), Ok(Value::Bytes(b"ab")));
}

#[test]
fn bytes_after_the_value_are_left() {
    assert_eq!(Value::parse_prefix(b"i1exyz"), Ok((Value::Integer(1), 3)));
    assert_eq!(Value::parse(b"dexyz"), Ok(Value::Dict(vec![])));
}

#[test]
fn malformed_data_is_refused() {
    for data in ["", "i", "i1", "i-", "l", "d", "d1:a", "d1:ai1e", "3:ab", "3", "li1e"] {
        assert_eq!(read(data), Err(BencodeError::Truncated), "{data}");
    }
    for data in ["x", "e", "ie", "i-e", "i--1e", "i1.5e", "i 1e", "-1:a", ":a", "1a:", "di1ei1ee"] {
        assert_eq!(read(data), Err(BencodeError::Syntax), "{data}");
    }
    // A length that no address space has.
    assert_eq!(read("99999999999999999999:a"), Err(BencodeError::Truncated));
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "l".repeat(depth) + &"e".repeat(depth);
    assert!(read(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(BencodeError::TooDeep));
    assert_eq!(read(&"d0:".repeat(MAX_DEPTH + 1)), Err(BencodeError::TooDeep));
    assert_eq!(read(&"l".repeat(1_000_000)), Err(BencodeError::TooDeep));
}

#[test]
fn elements_are_bounded() {
    let list = |count: usize| format!("l{}e", "0:".repeat(count));
    assert!(read(&list(MAX_ELEMENTS - 1)).is_ok());
    assert_eq!(read(&list(MAX_ELEMENTS)), Err(BencodeError::TooManyElements));
    let dict = format!("d{}e", "0:0:".repeat(MAX_ELEMENTS));
    assert_eq!(read(&dict), Err(BencodeError::TooManyElements));
}

#[test]
fn values_are_small() {
    // What `MAX_ELEMENTS` is chosen for.
    assert!(size_of::<(&[u8], Value<'_>)>() <= 48);
}

#[test]
fn the_writer_nests_dictionaries() {
    let mut writer = Writer::new();
    writer.integer(b"a", 1).dict(b"b", |inner| _ = inner.bytes(b"a", b"xy").integer(b"z", -1));
    writer.dict(b"c", |_| ()).bytes(b"d", b"");
    assert_eq!(writer.finish(), b"d1:ai1e1:bd1:a2:xy1:zi-1ee1:cde1:d0:e");
    assert_eq!(Writer::default().finish(), b"de");
}

#[test]
#[should_panic(expected = "ascending")]
fn the_writer_requires_sorted_keys() {
    Writer::new().integer(b"b", 1).dict(b"c", |_| ()).integer(b"a", 1);
}

/// The encoding of a value.
fn encode(value: &Owned, out: &mut Vec<u8>) {
    match value {
        Owned::Integer(number) => out.extend(format!("i{number}e").bytes()),
        Owned::Bytes(bytes) => string(bytes, out),
        Owned::List(values) => {
            out.push(b'l');
            values.iter().for_each(|value| encode(value, out));
            out.push(b'e');
        }
        Owned::Dict(entries) => {
            out.push(b'd');
            for (key, value) in entries {
                string(key, out);
                encode(value, out);
            }
            out.push(b'e');
        }
    }
}

fn string(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(format!("{}:", bytes.len()).bytes());
    out.extend(bytes);
}

#[derive(Debug, Clone)]
enum Owned {
    Integer(i64),
    Bytes(Vec<u8>),
    List(Vec<Self>),
    Dict(Vec<(Vec<u8>, Self)>),
}

impl Owned {
    fn borrow(&self) -> Value<'_> {
        match self {
            Self::Integer(number) => Value::Integer(*number),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::List(values) => Value::List(values.iter().map(Self::borrow).collect()),
            Self::Dict(entries) => {
                Value::Dict(entries.iter().map(|(k, v)| (k.as_slice(), v.borrow())).collect())
            }
        }
    }
}

fn values() -> impl Strategy<Value = Owned> {
    let leaf = prop_oneof![
        (-i64::MAX..=i64::MAX).prop_map(Owned::Integer),
        vec(any::<u8>(), 0..40).prop_map(Owned::Bytes),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Owned::List),
            vec((vec(any::<u8>(), 0..10), inner), 0..8).prop_map(Owned::Dict),
        ]
    })
}

proptest! {
    #[test]
    fn values_survive_their_encoding(value in values(), rest in vec(any::<u8>(), 0..8)) {
        let mut data = Vec::new();
        encode(&value, &mut data);
        let len = data.len();
        data.extend(rest);
        prop_assert_eq!(Value::parse_prefix(&data), Ok((value.borrow(), len)));
        // Every shorter start of it is incomplete.
        for cut in 0..len {
            prop_assert_eq!(Value::parse(&data[..cut]), Err(BencodeError::Truncated));
        }
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(data in vec(any::<u8>(), 0..400)) {
        if let Ok((_, len)) = Value::parse_prefix(&data) {
            prop_assert!(len > 0 && len <= data.len());
        }
    }

    #[test]
    fn anything_like_bencoding_is_read_without_a_panic(data in "[dlie0-9:a-]{0,60}") {
        if let Ok((value, len)) = Value::parse_prefix(data.as_bytes()) {
            prop_assert!(len <= data.len());
            prop_assert_eq!(Value::parse(data.as_bytes()), Ok(value));
        }
    }

    #[test]
    fn the_writer_is_read_back(
        entries in proptest::collection::btree_map(vec(any::<u8>(), 0..9), any::<i32>(), 0..9),
    ) {
        let mut writer = Writer::new();
        for (key, number) in &entries {
            writer.integer(key, *number);
        }
        let data = writer.finish();
        let dict = Value::parse(&data).expect("a dictionary");
        prop_assert_eq!(dict.as_dict().map(<[_]>::len), Some(entries.len()));
        for (key, number) in entries {
            prop_assert_eq!(dict.get(&key), Some(&Value::Integer(number.into())));
        }
    }
}
