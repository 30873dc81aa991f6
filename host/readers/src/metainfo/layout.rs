//! Where each file of a torrent goes: safe relative paths, all different, decided once.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::path::PathBuf;

use crate::names;

/// The longest relative path that is made, in bytes: the save folder comes before it, and Linux ends
/// at 4096, macOS at 1024. Deeper folders are left out, never the file's own name.
const MAX_PATH_BYTES: usize = 800;

/// Gives every file a path that no other file of the torrent has, also on file systems that ignore
/// case or compose letters, and never one that is a folder of another file. The result depends only
/// on the order of the files, so that it is the same after a restart and on every machine.
#[derive(Default)]
pub struct Layout {
    /// What is in each folder, by folded name; the root is 0.
    entries: HashMap<(u32, String), Entry>,
    folders: u32,
}

struct Entry {
    /// The folder that stands under this name. Files stand alone.
    folder: Option<(u32, String)>,
    /// How many numbers were tried for this name, so that a thousand equal names are not a million
    /// look-ups.
    numbered: u32,
}

impl Layout {
    /// The path of the next file, from safe components of which the last is its name.
    pub fn place(&mut self, folders: &[String], name: &str) -> PathBuf {
        let mut path = PathBuf::new();
        let mut inside = 0;
        let mut room = MAX_PATH_BYTES.saturating_sub(name.len());
        for folder in folders {
            if folder.len() >= room {
                break;
            }
            room -= folder.len() + 1;
            let (id, name) = self.folder(inside, folder);
            inside = id;
            path.push(name);
        }
        path.push(self.unused(inside, name));
        path
    }

    /// A folder: the one that has this name already, or a new one.
    fn folder(&mut self, inside: u32, name: &str) -> (u32, String) {
        let key = (inside, names::fold(name));
        if let Some(Entry { folder: Some(folder), .. }) = self.entries.get(&key) {
            return folder.clone();
        }
        let name = self.unused(inside, name);
        self.folders += 1;
        let folder = (self.folders, name.clone());
        // Under the name it was asked for, and under the one it got where a file had that.
        let renamed = (inside, names::fold(&name));
        for key in [key, renamed] {
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.folder = Some(folder.clone());
            }
        }
        folder
    }

    /// Takes a name in a folder that nothing else has there, with a number if need be.
    fn unused(&mut self, inside: u32, name: &str) -> String {
        let key = (inside, names::fold(name));
        let free = Entry { folder: None, numbered: 1 };
        let Some(taken) = self.entries.get(&key) else {
            self.entries.insert(key, free);
            return name.to_owned();
        };
        let mut number = taken.numbered;
        loop {
            number += 1;
            let candidate = names::with_number(name, number);
            let candidate_key = (inside, names::fold(&candidate));
            if let Slot::Vacant(slot) = self.entries.entry(candidate_key) {
                slot.insert(free);
                if let Some(taken) = self.entries.get_mut(&key) {
                    taken.numbered = number;
                }
                return candidate;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(layout: &mut Layout, path: &str) -> String {
        let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        let (name, folders) = parts.split_last().unwrap();
        layout.place(folders, name).to_str().unwrap().replace('\\', "/")
    }

    #[test]
    fn different_names_stay() {
        let mut layout = Layout::default();
        for path in ["t/a", "t/b/a", "t/b/b", "a"] {
            assert_eq!(place(&mut layout, path), path);
        }
    }

    #[test]
    fn equal_names_get_numbers() {
        let mut layout = Layout::default();
        assert_eq!(place(&mut layout, "t/a.txt"), "t/a.txt");
        assert_eq!(place(&mut layout, "t/A.TXT"), "t/A (2).TXT");
        assert_eq!(place(&mut layout, "t/a (2).txt"), "t/a (2) (2).txt");
        assert_eq!(place(&mut layout, "t/a.txt"), "t/a (3).txt");
        assert_eq!(place(&mut layout, "T/é"), "t/é");
        assert_eq!(place(&mut layout, "t/e\u{301}"), "t/e\u{301} (2)");
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_are_parted() {
        let mut layout = Layout::default();
        assert_eq!(place(&mut layout, "t/x"), "t/x");
        assert_eq!(place(&mut layout, "t/X/1"), "t/X (2)/1");
        assert_eq!(place(&mut layout, "t/x/2"), "t/X (2)/2");
        assert_eq!(place(&mut layout, "t/x (2)/3"), "t/X (2)/3");
        assert_eq!(place(&mut layout, "t/x (2)"), "t/x (2) (2)");
        assert_eq!(place(&mut layout, "t/y/1"), "t/y/1");
        assert_eq!(place(&mut layout, "t/Y"), "t/Y (2)");
    }

    #[test]
    fn a_hundred_thousand_equal_names_are_quick() {
        let mut layout = Layout::default();
        let mut last = PathBuf::new();
        for _ in 0..100_000 {
            last = layout.place(&[], "_");
        }
        assert_eq!(last.to_str(), Some("_ (100000)"));
    }

    #[test]
    fn deep_folders_are_left_out() {
        let mut layout = Layout::default();
        let deep = "d".repeat(100) + "/";
        let path = place(&mut layout, &format!("{}{}", deep.repeat(50), "name.txt"));
        assert!(path.len() <= MAX_PATH_BYTES + 8 && path.ends_with("/name.txt"));
    }
}
