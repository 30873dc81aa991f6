//! A language that nobody speaks, written from right to left: the extension with every text in it, to see that
//! no page depends on the direction or the length of English.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::{Sandbox, paths};

/// A letter for each of the alphabet, from a script that runs the other way.
const LETTERS: &str = "ابتثجحخدذرزسشصضطظعغفقكلمنه";

/// A copy of the extension for Chromium whose one language is mirrored.
///
/// # Panics
/// When the disk says no.
pub(crate) fn extension(sandbox: &Sandbox) -> PathBuf {
    let copy = sandbox.root().join("mirrored");
    copy_folder(&paths::extension("chrome-mv3"), &copy);
    let locales = copy.join("_locales");
    let english = locales.join("en/messages.json");
    let text = std::fs::read_to_string(english).expect("the English messages");
    let mut messages: Map<String, Value> = serde_json::from_str(&text).expect("messages");
    for (key, message) in &mut messages {
        let text = message["message"].as_str().expect("a text");
        let text = if key == "languageTag" { "ar".into() } else { mirrored(text) };
        *message = json!({"message": text});
    }
    std::fs::remove_dir_all(&locales).expect("the languages");
    std::fs::create_dir_all(locales.join("en")).expect("a folder");
    let text = Value::from(messages).to_string();
    std::fs::write(locales.join("en/messages.json"), text).expect("the messages");
    copy
}

/// Longer than English by a quarter, as translations are; what is put in later (`$1`) stays.
fn mirrored(text: &str) -> String {
    let letters: Vec<char> = LETTERS.chars().collect();
    let mut result = String::new();
    for (at, letter) in text.chars().enumerate() {
        let place = u32::from(letter.to_ascii_lowercase()).checked_sub(u32::from('a'));
        match place.and_then(|place| letters.get(usize::try_from(place).ok()?)) {
            Some(other) => {
                result.push(*other);
                if at % 4 == 3 {
                    result.push(*other);
                }
            }
            None => result.push(letter),
        }
    }
    result
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the built extension") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}
