//! Gives back the memory that only the start needed.
//!
//! The relay is a small part of a large program: connecting touches pages all over it, and copying
//! needs almost none of them. A browser may hold ten relays for a whole day, so the mapped pages of
//! program and libraries are let go; what is still needed comes back from the page cache.
//!
//! This is the only module of this program with `unsafe`.
#![allow(unsafe_code)]

use std::ffi::c_void;

use rustix::mm::{Advice, madvise};

/// A mapping of this process, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mapping {
    start: usize,
    bytes: usize,
}

/// Lets go of every page that is exactly what its file holds. Nothing is lost where it fails.
pub fn trim() {
    let Ok(smaps) = std::fs::read_to_string("/proc/self/smaps") else { return };
    for Mapping { start, bytes } in clean_program_mappings(&smaps) {
        let start = std::ptr::with_exposed_provenance_mut::<c_void>(start);
        // SAFETY: the kernel says of this mapping that it is of a file, private, not writable, and
        // without a single page of its own. Such pages are read from the file again at the next
        // access and then hold what they held before, so no reference into them notices.
        let _ = unsafe { madvise(start, bytes, Advice::LinuxDontNeed) };
    }
}

/// The mappings of program text and constants that nobody has written to.
fn clean_program_mappings(smaps: &str) -> Vec<Mapping> {
    let mut clean = Vec::new();
    let mut candidate = None;
    for line in smaps.lines() {
        let mut words = line.split_ascii_whitespace();
        let Some(first) = words.next() else { continue };
        if !first.ends_with(':') {
            candidate = parse(first, words);
        } else if first == "Anonymous:" {
            // The relocated part of a program is not writable any more either, but it has pages of
            // its own, which are not in the file.
            let own_pages = words.next() != Some("0");
            clean.extend(candidate.take().filter(|_| !own_pages));
        }
    }
    clean
}

/// The first line of a mapping: `start-end permissions offset device inode path`.
fn parse<'a>(range: &str, mut words: impl Iterator<Item = &'a str>) -> Option<Mapping> {
    let (start, end) = range.split_once('-')?;
    let start = usize::from_str_radix(start, 16).ok()?;
    let end = usize::from_str_radix(end, 16).ok()?;
    let permissions = words.next()?;
    let inode = words.nth(2)?;
    let is_program = matches!(permissions, "r-xp" | "r--p") && inode != "0";
    is_program.then_some(Mapping { start, bytes: end.checked_sub(start)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_its_file_holds_is_let_go() {
        let smaps = "\
1000-3000 r--p 00000000 fe:00 42 /usr/bin/torrpeddo
Rss: 8 kB
Anonymous: 0 kB
VmFlags: rd mr mw me
3000-5000 r-xp 00002000 fe:00 42 /usr/bin/torrpeddo
Anonymous: 0 kB
5000-6000 r--p 00004000 fe:00 42 /usr/bin/torrpeddo
Anonymous: 4 kB
6000-7000 rw-p 00005000 fe:00 42 /usr/bin/torrpeddo
Anonymous: 0 kB
7000-8000 r--s 00000000 fe:00 43 /shared
Anonymous: 0 kB
8000-9000 r-xp 00000000 00:00 0 [vdso]
Anonymous: 0 kB
";
        let expected =
            [Mapping { start: 0x1000, bytes: 0x2000 }, Mapping { start: 0x3000, bytes: 0x2000 }];
        assert_eq!(clean_program_mappings(smaps), expected);
        assert!(clean_program_mappings("nonsense\n-: x\nAnonymous: 0 kB\n").is_empty());
    }

    #[test]
    fn the_program_goes_on_after_it() {
        let before: Vec<String> = (0..100).map(|number| format!("{number:04}")).collect();
        for _ in 0..3 {
            trim();
            assert_eq!(before.join("").len(), 400);
            assert_eq!(std::thread::spawn(|| "still here").join().unwrap(), "still here");
        }
    }
}
