//! Tables and numbers for people.

use super::language::said;
pub(super) use crate::experiment::units::{bytes, metric_prefix};
use crate::printed::shown;
pub(super) use crate::printed::thousands;

/// Widest column, in columns of a terminal.
const WIDEST: usize = 120;

/// Columns of text: the first `left` ones are flush left, the others flush right.
#[derive(Debug)]
pub(super) struct Table {
    left: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a heading, whose words are translated.
    pub(super) fn new(left: usize, heading: &[&str]) -> Self {
        Self { left, rows: vec![heading.iter().map(|text| said(text).into_owned()).collect()] }
    }

    /// A table whose heading has names behind its words; names are shown as they are.
    pub(super) fn with_names<'n>(
        left: usize,
        words: &[&str],
        names: impl IntoIterator<Item = &'n str>,
    ) -> Self {
        let mut table = Self::new(left, words);
        table.rows[0].extend(names.into_iter().map(|name| shown(name).into_owned()));
        table
    }

    /// Adds a row with as many cells as the heading.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| shown(&cell).into_owned()).collect());
    }

    /// The table's lines, each with a line end.
    pub(super) fn text(&self) -> String {
        let columns = self.rows.first().map_or(0, Vec::len);
        // a cell that is longer than a column can be is shown whole, and moves the rest of its own row alone
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| columns_of(&row[column]));
            cells.filter(|width| *width <= WIDEST).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                line.push_str(if column == 0 { "" } else { "  " });
                let blanks = " ".repeat(width.saturating_sub(columns_of(cell)));
                let flush_left = column < self.left;
                line.extend(if flush_left { [cell, blanks.as_str()] } else { [blanks.as_str(), cell] });
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// Columns that a cell takes; letters of Korean take two each.
pub(super) fn columns_of(cell: &str) -> usize {
    textwrap::core::display_width(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(1234), "1,234");
        assert_eq!(thousands(123_456), "123,456");
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(metric_prefix(2_340_000), "2.3 M");
        assert_eq!(metric_prefix(7), "7");
    }

    #[test]
    fn a_long_name_widens_no_other_row() {
        let long = "x".repeat(70_000);
        let mut table = Table::new(1, &["layer", "output"]);
        table.row([long.clone(), "1".to_owned()]);
        table.row(["\u{1b}[1m".to_owned(), "2".to_owned()]);
        assert_eq!(table.text(), format!("layer    output\n{long}       1\n\\x1b[1m       2\n"));
    }

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(1, &["layer", "output"]);
        table.row(["conv2d".to_owned(), "26x26x32".to_owned()]);
        assert_eq!(table.text(), "layer     output\nconv2d  26x26x32\n");
        table.row(["x".repeat(70_000), "8".to_owned()]);
        assert!(table.text().starts_with("layer     output\nconv2d  26x26x32\nxxx"));
    }
}
