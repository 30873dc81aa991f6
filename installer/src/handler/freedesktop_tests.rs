use super::*;
use crate::testing::Machine;

const LIST: &str = "# mine\n[Default Applications]\ntext/plain=editor.desktop\n\
    x-scheme-handler/magnet=other.desktop;\n\n[Added Associations]\n\
    application/x-bittorrent=other.desktop;\n";

#[test]
fn it_takes_over_and_gives_back() {
    let machine = Machine::new(&[".config", ".local/share/applications"]);
    let environment = &machine.environment;
    let before = machine.tree();
    assert_eq!(install(environment, true).outcome, Outcome::Written);
    assert_eq!(machine.tree(), before, "a dry run");
    assert_eq!(install(environment, false).outcome, Outcome::Written);
    let list = fs::read_to_string(list_path(environment)).unwrap();
    assert!(TYPES.iter().all(|of| default_of(&list, of).as_deref() == Some(ENTRY)));
    let there = machine.tree();
    assert_eq!(install(environment, false).outcome, Outcome::Unchanged);
    assert_eq!(machine.tree(), there);
    assert_eq!(uninstall(environment, false).outcome, Outcome::Removed);
    assert_eq!(machine.tree(), before);
    assert_eq!(uninstall(environment, false).outcome, Outcome::Skipped);
}

#[test]
fn whoever_was_the_default_is_it_again() {
    let machine = Machine::new(&[".config", ".local/share/applications"]);
    let environment = &machine.environment;
    fs::write(list_path(environment), LIST).unwrap();
    assert_eq!(install(environment, false).outcome, Outcome::Written);
    // A second installation, from elsewhere, does not forget what was before the first.
    let other = machine.with_program(machine.program("other/torrpeddo"));
    assert_eq!(install(&other, false).outcome, Outcome::Written);
    let list = fs::read_to_string(list_path(environment)).unwrap();
    assert_eq!(default_of(&list, "text/plain").as_deref(), Some("editor.desktop"));
    assert!(list.contains("[Added Associations]\napplication/x-bittorrent=other.desktop;\n"));
    assert_eq!(uninstall(environment, false).outcome, Outcome::Removed);
    let list = fs::read_to_string(list_path(environment)).unwrap();
    assert_eq!(list, LIST.replace("other.desktop;\n\n", "other.desktop\n\n"));
}

#[test]
fn what_somebody_took_meanwhile_stays_theirs() {
    let machine = Machine::new(&[".config"]);
    let environment = &machine.environment;
    assert_eq!(install(environment, false).outcome, Outcome::Written);
    let list = fs::read_to_string(list_path(environment)).unwrap();
    let taken = with_default(&list, TYPES[0], Some("third.desktop"));
    fs::write(list_path(environment), &taken).unwrap();
    assert_eq!(uninstall(environment, false).outcome, Outcome::Removed);
    let list = fs::read_to_string(list_path(environment)).unwrap();
    assert_eq!(list, "[Default Applications]\nx-scheme-handler/magnet=third.desktop\n");
}

#[test]
fn a_path_is_quoted_for_the_command_line_and_for_the_value() {
    let entry = entry(r#"/a b/%c/$d"e\f"#, &[None, Some("x.desktop".into())]);
    assert!(entry.contains(r#"Exec="/a b/%%c/\\$d\\"e\\\\f" open %U"#), "{entry}");
    assert_eq!(befores(&entry), [None, Some("x.desktop")]);
}

#[test]
fn an_entry_of_somebody_else_stays() {
    let machine = Machine::new(&[".local/share/applications"]);
    fs::write(entry_path(&machine.environment), "[Desktop Entry]\n").unwrap();
    let before = machine.tree();
    assert_eq!(install(&machine.environment, false).outcome, Outcome::Refused);
    assert_eq!(uninstall(&machine.environment, false).outcome, Outcome::Skipped);
    assert_eq!(machine.tree(), before);
}

#[cfg(unix)]
#[test]
fn a_list_that_cannot_be_written_leaves_no_entry() {
    let machine = Machine::new(&[]);
    std::os::unix::fs::symlink("/no/such/folder", &machine.environment.config).unwrap();
    let before = machine.tree();
    assert_eq!(install(&machine.environment, false).outcome, Outcome::Refused);
    assert_eq!(machine.tree(), before);
}
