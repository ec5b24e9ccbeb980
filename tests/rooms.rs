//! The rooms of `src/` use only what the tables of the README say (`How it is built`): whoever lets a room
//! use another writes it there, where everybody sees it, and the front end stays apart from the engine.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A room by its row.
struct Room {
    name: String,
    /// Rows from below; rooms of one row use each other.
    row: usize,
    uses: Uses,
    /// It stands in the table of the engine.
    engine: bool,
}

/// What the last column says.
enum Uses {
    All,
    Those(Vec<String>),
}

/// A use of another room.
struct Use {
    file: PathBuf,
    line: usize,
    from: String,
    to: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What stands between backquotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The rooms of the README's tables, from below.
fn rooms() -> Vec<Room> {
    let text = read(&root().join("README.md"));
    let mut rooms = Vec::new();
    let mut engine = None;
    for (row, line) in text.lines().enumerate() {
        match line {
            _ if line.starts_with("| Room of the front end |") => engine = Some(false),
            _ if line.starts_with("| Room of the engine |") => engine = Some(true),
            _ if !line.starts_with('|') => engine = None,
            _ => {}
        }
        let (Some(engine), [_, names, _, uses, _]) = (engine, &line.split('|').collect::<Vec<_>>()[..])
        else {
            continue;
        };
        for name in quoted(names) {
            let uses = if uses.trim() == "all" { Uses::All } else { Uses::Those(quoted(uses)) };
            rooms.push(Room { name, row, uses, engine });
        }
    }
    rooms
}

/// The rooms that `src/lib.rs` declares, each with whether it needs the engine.
fn declared() -> Vec<(String, bool)> {
    let text = read(&root().join("src/lib.rs"));
    let mut engine = false;
    let mut rooms = Vec::new();
    for line in text.lines() {
        let declared = ["pub mod ", "pub(crate) mod "].iter().find_map(|start| line.strip_prefix(start));
        let name = declared.and_then(|rest| rest.strip_suffix(';'));
        // what rooms give to tests is no room
        if let Some(name) = name.filter(|name| *name != "internals") {
            rooms.push((name.to_owned(), std::mem::take(&mut engine)));
        }
        engine |= line == "#[cfg(feature = \"engine\")]";
    }
    rooms
}

/// The lines of a file with their numbers, without comments and without what is there for tests alone.
fn code(text: &str) -> Vec<(usize, String)> {
    let mut lines = Vec::new();
    let mut all = text.lines().enumerate();
    while let Some((at, line)) = all.next() {
        if ["#[cfg(test)]", "#[cfg(all(test,"].iter().any(|start| line.trim().starts_with(start)) {
            // up to the end of the item, which stands as far to the right as its beginning
            let end = format!("{}}}", &line[..line.len() - line.trim_start().len()]);
            let mut rest =
                all.by_ref().map(|(_, line)| line).skip_while(|line| line.trim_start().starts_with("#["));
            if rest.next().is_some_and(|item| !item.ends_with([';', '}'])) {
                rest.find(|line| *line == end);
            }
        } else if !line.trim_start().starts_with("//") {
            lines.push((at + 1, line.split(" // ").next().unwrap_or(line).to_owned()));
        }
    }
    lines
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The word that a text begins with.
fn word(text: &str) -> &str {
    text.split(|letter| !is_word(letter)).next().unwrap_or_default()
}

/// What is named at the root of the crate by a piece of code: `crate::name`, `crate::{name, name::more}`.
fn named(code: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        if code[..at].ends_with(|before| is_word(before) || before == '$') {
            continue;
        }
        let rest = &code[at + found.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            names.push(word(rest));
            continue;
        };
        let mut depth = 0;
        let mut begins = true;
        for (at, letter) in group.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                letter if begins && is_word(letter) => {
                    names.push(word(&group[at..]));
                    begins = false;
                }
                _ => {}
            }
        }
    }
    names
}

/// The module in a file and all below it that are not tests, with how deep they lie: a room's own is 1.
fn modules(file: &Path, folder: &Path, depth: usize, found: &mut Vec<(PathBuf, usize)>) {
    found.push((file.to_owned(), depth));
    for (_, line) in code(&read(file)) {
        let line = line.trim_start();
        let Some(name) = line.split_once("mod ").and_then(|(before, rest)| {
            let visible = before.is_empty() || before.starts_with("pub") && before.ends_with(' ');
            rest.strip_suffix(';').filter(|_| visible)
        }) else {
            continue;
        };
        let below = folder.join(name);
        let whole = folder.join(format!("{name}.rs"));
        let file = if whole.is_file() { whole } else { below.join("mod.rs") };
        modules(&file, &below, depth + 1, found);
    }
}

/// The files of a room but for its tests, with how deep they lie.
fn files_of(room: &str) -> Vec<(PathBuf, usize)> {
    let src = root().join("src");
    let (whole, folder) = (src.join(format!("{room}.rs")), src.join(room));
    let mut files = Vec::new();
    modules(&if whole.is_file() { whole } else { folder.join("mod.rs") }, &folder, 1, &mut files);
    files
}

/// All uses of other rooms by a room.
fn uses_of(room: &str) -> Vec<Use> {
    let mut uses = Vec::new();
    for (file, depth) in files_of(room) {
        let lines = code(&read(&file));
        for (at, (line, text)) in lines.iter().enumerate() {
            assert!(
                !text.contains(&"super::".repeat(depth)),
                "{}:{line} leaves its room by `super`: rooms are named by `crate::`",
                file.display()
            );
            let mut statement = text.clone();
            if text.ends_with('{') && text.trim_start().trim_start_matches("pub ").starts_with("use crate::{")
            {
                for (_, more) in &lines[at + 1..] {
                    statement += more;
                    if more.ends_with("};") {
                        break;
                    }
                }
            }
            for to in named(&statement).into_iter().filter(|to| *to != room) {
                uses.push(Use { file: file.clone(), line: *line, from: room.to_owned(), to: to.to_owned() });
            }
        }
    }
    uses
}

#[test]
fn the_tables_have_all_rooms() {
    let mut listed: Vec<(String, bool)> = rooms().into_iter().map(|room| (room.name, room.engine)).collect();
    let mut declared = declared();
    listed.sort();
    declared.sort();
    assert_eq!(
        listed, declared,
        "the README's tables on the left, src/lib.rs on the right; true: needs the engine"
    );
}

#[test]
fn rooms_use_what_the_tables_say() {
    let rooms = rooms();
    let row_of = |name: &str| rooms.iter().find(|room| room.name == name).map(|room| room.row);
    let mut wrong = Vec::new();
    for room in &rooms {
        let Uses::Those(listed) = &room.uses else { continue };
        let uses = uses_of(&room.name);
        for Use { file, line, from, to } in &uses {
            let shares = row_of(to) == Some(room.row);
            if !shares && !listed.contains(to) {
                let file = file.strip_prefix(root()).unwrap_or(file).display();
                wrong.push(format!("{file}:{line}: `{from}` uses `{to}`, which its row does not say"));
            }
        }
        let used: BTreeSet<&str> = uses.iter().map(|found| found.to.as_str()).collect();
        let mates = rooms.iter().filter(|other| other.row == room.row && other.name != room.name);
        let by_mates: Vec<Use> = mates.flat_map(|other| uses_of(&other.name)).collect();
        for name in listed {
            let Some(row) = row_of(name) else {
                wrong.push(format!("README: `{}` uses `{name}`, which has no row", room.name));
                continue;
            };
            if row >= room.row {
                wrong.push(format!("README: `{}` uses `{name}`, which does not stand above it", room.name));
            }
            if !used.contains(name.as_str()) && !by_mates.iter().any(|found| found.to == *name) {
                wrong.push(format!("README: `{}` uses `{name}`, says its row, and does not", room.name));
            }
        }
    }
    assert!(wrong.is_empty(), "see the README, How it is built:\n{}", wrong.join("\n"));
}

/// Only the command line may use all: a room that says so is above all others.
#[test]
fn only_the_last_room_uses_all() {
    let rooms = rooms();
    let all: Vec<&str> =
        rooms.iter().filter(|room| matches!(room.uses, Uses::All)).map(|room| &*room.name).collect();
    assert_eq!(all, [&*rooms.last().expect("there are rooms").name]);
}

/// Whoever holds a checked program need not check again: only the checker makes one.
#[test]
fn only_the_checker_makes_checked_programs() {
    for room in rooms().iter().filter(|room| !["ir", "check"].contains(&&*room.name)) {
        for (file, _) in files_of(&room.name) {
            let found = code(&read(&file)).into_iter().find(|(_, text)| text.contains("assume_checked"));
            assert!(found.is_none(), "{}: {found:?}", file.display());
        }
    }
}

#[test]
fn uses_are_found_wherever_they_stand() {
    assert_eq!(named("use crate::ir::{Graph, Node};"), ["ir"]);
    assert_eq!(named("let a = crate::plan::plan(crate::ops::Map::single(b));"), ["plan", "ops"]);
    assert_eq!(named("pub use crate::{a::{b, c}, d, e::f};"), ["a", "d", "e"]);
    assert_eq!(named("$crate::ir"), [""; 0]);
    let text = "use crate::a;\n// crate::b\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    use crate::c;\n}\nlet d = 1; // e";
    let found: Vec<(usize, String)> = code(text);
    assert_eq!(found, [(1, "use crate::a;".to_owned()), (8, "let d = 1;".to_owned())]);
}
