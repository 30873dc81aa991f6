//! The folders that were made for our files, so that they go with them. Which those are is written
//! down when they are made: an empty folder does not say whose it is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::notes;

const LIST: &str = "made-folders";

/// Does what writes these files, and writes down the folders that were made for them.
pub(crate) fn noting<T>(
    environment: &Environment,
    files: &[&Path],
    write: impl FnOnce() -> T,
) -> T {
    let list = notes::file(environment, LIST);
    let for_files: Vec<PathBuf> = files.iter().copied().flat_map(missing).collect();
    // The list needs a folder, too.
    let for_list: Vec<PathBuf> = missing(&list).collect();
    let done = write();
    let made: BTreeSet<PathBuf> = for_files.into_iter().filter(|folder| folder.is_dir()).collect();
    if !made.is_empty() {
        let mut lines: BTreeSet<String> = notes::read(environment, LIST).into_iter().collect();
        let folders = made.into_iter().chain(for_list);
        // One that does not fit a line stays: the worst is an empty folder too many.
        let fits = |folder: PathBuf| {
            folder.to_str().filter(|line| !line.contains('\n')).map(str::to_owned)
        };
        lines.extend(folders.filter_map(fits));
        notes::write(environment, LIST, &lines.into_iter().collect::<Vec<_>>());
    }
    done
}

/// Removes those that are empty by now. The others may be some other time.
pub(crate) fn tidy(environment: &Environment) {
    let made = notes::read(environment, LIST);
    let list = notes::file(environment, LIST);
    let holds_list = |line: &String| list.starts_with(line);
    let (mut own, mut others): (Vec<String>, Vec<String>) = made.into_iter().partition(holds_list);
    // What is below comes first; it is the longer one.
    for lines in [&mut own, &mut others] {
        lines.sort_by_key(|line| std::cmp::Reverse(line.len()));
    }
    let is_left = |line: &String| fs::remove_dir(line).is_err() && Path::new(line).is_dir();
    others.retain(is_left);
    // The folder that the list is in goes last, with the list, if it is for nothing else.
    let is_alone = fs::read_dir(&environment.data).is_ok_and(|there| there.count() == 1);
    if others.is_empty() && is_alone {
        notes::write(environment, LIST, &[]);
        own.retain(is_left);
        return;
    }
    others.append(&mut own);
    notes::write(environment, LIST, &others);
}

/// The folders above a file that are not there.
fn missing(file: &Path) -> impl Iterator<Item = PathBuf> {
    file.ancestors().skip(1).take_while(|folder| !folder.exists()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest;
    use crate::testing::Machine;

    fn write(machine: &Machine, file: &Path) {
        let write = || manifest::write(file, b"x", false).unwrap();
        noting(&machine.environment, &[file], write);
    }

    #[test]
    fn what_was_made_goes_once_it_is_empty() {
        let machine = Machine::new(&["theirs"]);
        let before = machine.tree();
        let home = &machine.environment.home;
        let (one, two) = (home.join("theirs/a/b/one"), home.join("theirs/a/c/two"));
        write(&machine, &one);
        write(&machine, &two);
        fs::remove_file(&one).unwrap();
        tidy(&machine.environment);
        assert!(!home.join("theirs/a/b").exists() && two.exists());
        fs::remove_file(&two).unwrap();
        tidy(&machine.environment);
        assert_eq!(machine.tree(), before, "and nothing is left of the list");
    }

    #[test]
    fn what_others_made_or_use_stays() {
        let machine = Machine::new(&["theirs/empty"]);
        let home = &machine.environment.home;
        let ours = home.join("theirs/empty/ours");
        write(&machine, &ours);
        let used = home.join("made/used/ours");
        write(&machine, &used);
        fs::write(home.join("made/theirs"), "").unwrap();
        fs::remove_file(&ours).unwrap();
        fs::remove_file(&used).unwrap();
        tidy(&machine.environment);
        assert!(home.join("theirs/empty").is_dir(), "nobody made it for us");
        assert!(home.join("made/theirs").is_file() && !home.join("made/used").exists());
        // Until they do not use it any more.
        fs::remove_file(home.join("made/theirs")).unwrap();
        tidy(&machine.environment);
        assert!(!home.join("made").exists());
        assert!(!machine.environment.data.exists());
    }

    #[cfg(unix)]
    #[test]
    fn the_list_opens_the_engines_folder_to_nobody() {
        use std::os::unix::fs::PermissionsExt;
        let machine = Machine::new(&[]);
        write(&machine, &machine.environment.home.join("made/ours"));
        let mode = fs::metadata(&machine.environment.data).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
}
