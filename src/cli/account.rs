//! What became of the tensors of a weights file, as people are told.

use super::console::Console;
use super::table::{Table, thousands};
use crate::printed::{few, shown, shown_path};
use crate::weights::{Entry, Fate, FileAccount};

/// Says what a file was used for, where there is anything to say: of a file of our own that fits to the last
/// tensor there is not.
pub(super) fn tell(account: &FileAccount, console: &Console) {
    if account.is_even() && !account.is_foreign() {
        return;
    }
    let counts = account.counts();
    let count = |fate| thousands(*counts.get(&fate).unwrap_or(&0) as u64);
    let file = shown_path(&account.path);
    console.note(format_args!(
        "weights of `{file}` ({}): {} tensors used, {} unused, {} missing, {} of another shape",
        account.listing.format,
        count(Fate::Used),
        count(Fate::Unused),
        count(Fate::Missing),
        count(Fate::WrongShape),
    ));
    let entries = account.entries();
    let names = |fate| {
        let of_fate = entries.iter().filter(|entry| entry.fate == fate);
        few(&of_fate.map(|entry| format!("`{}`", shown(name_of(entry)))).collect::<Vec<_>>())
    };
    if counts.contains_key(&Fate::Unused) {
        console.note(format_args!("  unused: {}", names(Fate::Unused)));
    }
    if counts.contains_key(&Fate::Missing) {
        console
            .warning(format_args!("`{file}` has nothing for {}: it begins at random", names(Fate::Missing)));
    }
    if counts.contains_key(&Fate::WrongShape) {
        console.warning(format_args!(
            "`{file}` has another shape for {}: it begins at random",
            names(Fate::WrongShape)
        ));
    }
}

/// What a line is about: our own name, or that of a tensor which nothing takes.
fn name_of(entry: &Entry) -> &str {
    entry.ours.as_ref().or(entry.theirs.as_ref()).map_or("", |(name, _)| name)
}

/// The whole account, a line for each variable and each tensor that is not used.
pub(super) fn table(account: &FileAccount) -> String {
    let mut table = Table::new(5, &["", "variable", "shape", "tensor", "shape"]);
    for entry in account.entries() {
        let cells = |side: &Option<(String, crate::tensor::Shape)>| match side {
            Some((name, shape)) => [name.clone(), shape.to_string()],
            None => Default::default(),
        };
        let [ours, our_shape] = cells(&entry.ours);
        let [theirs, their_shape] = cells(&entry.theirs);
        table.row([
            super::language::said(entry.fate.name()).into_owned(),
            ours,
            our_shape,
            theirs,
            their_shape,
        ]);
    }
    table.text()
}
