//! What changes the disk stands in one place, so that a test which watches that place sees every change.

use super::source::{Kind, Mention};
use super::{CRATES, Crate, crate_of};

/// The one place.
const PLACE: &str = "record/disk/";

/// What changes the disk in `std::fs`.
const CHANGES: [&str; 13] = [
    "DirBuilder",
    "OpenOptions",
    "copy",
    "create_dir",
    "create_dir_all",
    "hard_link",
    "remove_dir",
    "remove_dir_all",
    "remove_file",
    "rename",
    "set_permissions",
    "soft_link",
    "write",
];

/// Whether a path leads to what changes the disk, or hides that it does under another name.
fn changes_the_disk(mention: &Mention) -> bool {
    let hides = |name: &str| mention.kind != Kind::Code && mention.name != name;
    match &mention.path.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["OpenOptions" | "DirBuilder", ..] => true,
        [.., "fs", name] if CHANGES.contains(name) || *name == "*" => true,
        [.., "fs", "OpenOptions" | "DirBuilder", _] => true,
        [.., "File", "create" | "create_new" | "options"] => true,
        ["std", "fs"] => hides("fs"),
        ["std", "fs", "File"] => hides("File"),
        _ => false,
    }
}

fn faults(files: &Crate) -> Vec<String> {
    let elsewhere = files.files.iter().filter(|file| !file.name.starts_with(PLACE));
    let changes = elsewhere.flat_map(|file| file.mentions.iter().map(move |mention| (file, mention)));
    let changes = changes.filter(|(_, mention)| changes_the_disk(mention));
    changes.map(|(file, mention)| format!("{}: {}", file.name, mention.path.join("::"))).collect()
}

#[test]
fn the_disk_is_changed_in_one_place() {
    let faults: Vec<String> = CRATES.iter().flat_map(|name| faults(&Crate::read(name))).collect();
    assert!(faults.is_empty(), "changes of the disk elsewhere than in {PLACE}:\n{}", faults.join("\n"));
}

#[test]
fn changes_of_the_disk_are_found_however_they_are_written() {
    let files = crate_of([
        ("lib.rs", "mod a; mod b; mod record;"),
        ("a.rs", "use std::fs::{self, File, rename}; fn f() { fs::write(1); File::create(2); File::open(3); }"),
        ("b.rs", "use std::fs as disk; use files::copy; fn f() { std::fs::OpenOptions::new(); files::write(4); }"),
        ("record/disk/file.rs", "fn f() { std::fs::write(5) }"),
    ]);
    let expected = [
        "a.rs: std::fs::rename",
        "a.rs: fs::write",
        "a.rs: File::create",
        "b.rs: std::fs",
        "b.rs: std::fs::OpenOptions::new",
    ];
    assert_eq!(faults(&files), expected);
}
