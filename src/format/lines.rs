//! Lines that are written one after the other, with comments behind them.

/// Blanks of a level.
pub(super) const LEVEL: usize = 4;

/// Lines so far.
#[derive(Debug, Default)]
pub(super) struct Lines {
    done: Vec<Line>,
    current: Line,
    /// A comment has ended the current line: what comes next begins a new one with this indent.
    goes_on_at: Option<usize>,
}

#[derive(Debug, Default, Clone)]
struct Line {
    indent: usize,
    text: String,
    /// Characters of the text.
    width: usize,
    /// The comment behind the text.
    comment: Option<String>,
}

impl Lines {
    /// Ends the current line, if anything stands in it, and begins one with this indent.
    pub(super) fn begin(&mut self, indent: usize) {
        self.goes_on_at = None;
        let new = Line { indent, ..Line::default() };
        let done = std::mem::replace(&mut self.current, new);
        if !done.text.is_empty() {
            self.done.push(done);
        }
    }

    /// An empty line.
    pub(super) fn blank(&mut self) {
        self.begin(0);
        self.done.push(Line::default());
    }

    /// Indent of the current line.
    pub(super) fn indent(&self) -> usize {
        self.goes_on_at.unwrap_or(self.current.indent)
    }

    /// Columns that the current line has so far.
    pub(super) fn column(&self) -> usize {
        match self.goes_on_at {
            Some(indent) => indent,
            None => self.current.indent + self.current.width,
        }
    }

    /// Whether nothing stands in the current line yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.goes_on_at.is_some() || self.current.text.is_empty()
    }

    /// Writes a word, after a blank if asked for and not at the beginning of a line.
    pub(super) fn push(&mut self, text: &str, blank: bool) {
        if let Some(indent) = self.goes_on_at {
            self.begin(indent);
        }
        if blank && !self.current.text.is_empty() {
            self.current.text.push(' ');
            self.current.width += 1;
        }
        self.current.text.push_str(text);
        self.current.width += text.chars().count();
    }

    /// Writes a comment behind the line's text; what follows goes on at `indent`.
    pub(super) fn comment(&mut self, text: &str, indent: usize) {
        if self.is_fresh() {
            self.own_line(text, self.indent(), indent);
        } else {
            self.current.comment = Some(text.to_owned());
            self.goes_on_at = Some(indent);
        }
    }

    /// Writes a comment on a line of its own; what follows goes on at `indent`.
    pub(super) fn own_line(&mut self, text: &str, at: usize, indent: usize) {
        self.begin(at);
        self.current.text = text.to_owned();
        self.current.width = text.chars().count();
        self.goes_on_at = Some(indent);
    }

    /// All of it. Comments behind the text of lines that follow one another begin in one column, two blanks
    /// behind the longest.
    pub(super) fn finish(mut self) -> String {
        self.begin(0);
        let mut text = String::new();
        let mut rest = &self.done[..];
        while let [first, ..] = rest {
            let run = rest.iter().take_while(|line| line.comment.is_some()).count();
            let (lines, after) = rest.split_at(run.max(1));
            let width = |line: &Line| line.indent + line.width;
            let column = lines.iter().map(width).max().unwrap_or(0) + 2;
            for line in lines {
                if !line.text.is_empty() {
                    text.push_str(&" ".repeat(line.indent));
                    text.push_str(&line.text);
                }
                if let Some(comment) = &line.comment {
                    text.push_str(&" ".repeat(column - width(line)));
                    text.push_str(comment);
                }
                text.push('\n');
            }
            debug_assert!(run > 0 || first.comment.is_none());
            rest = after;
        }
        text
    }
}
