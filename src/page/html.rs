//! Writes HTML. Whatever comes from files and names goes in by [`Html::text`] alone: markup is text of ours,
//! which the type says.

use super::words::Said;
use crate::diag::Language;
use crate::draw::escaped;
use crate::draw::scene::{Drawn, Scene};
use crate::printed::{json_shown, shown};

/// A drawing as a page has it.
pub(super) fn in_both_languages(scene: &Scene) -> Drawn {
    scene.to_page(&|text| Language::Korean.label(text).into_owned())
}

/// A page, or a part of one.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup of ours.
    pub(super) fn tags(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// A text from anywhere, in an element or between the quotes of an attribute. What would turn the
    /// direction of writing is made visible.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.0.push_str(&escaped(&shown(text)));
        self
    }

    /// A number.
    pub(super) fn number(&mut self, number: impl Into<f64>, digits: usize) -> &mut Self {
        let number: f64 = number.into();
        self.0.push_str(&format!("{number:.digits$}"));
        self
    }

    /// An element that holds a text.
    pub(super) fn element(&mut self, open: &'static str, text: &str, close: &'static str) -> &mut Self {
        self.tags(open).text(text).tags(close)
    }

    /// A sentence of ours in both languages; the page shows one of them.
    pub(super) fn said(&mut self, said: Said) -> &mut Self {
        self.told(said, &[])
    }

    /// A sentence of ours with values at `{0}`, `{1}`, … in both languages.
    pub(super) fn told(&mut self, said: Said, values: &[&str]) -> &mut Self {
        self.tags("<span lang=\"en\">").filled(said.en, values);
        self.tags("</span><span lang=\"ko\">").filled(said.ko, values).tags("</span>")
    }

    fn filled(&mut self, sentence: &'static str, values: &[&str]) -> &mut Self {
        let mut rest = sentence;
        while let Some((before, after)) = rest.split_once('{') {
            let (at, after) = after.split_once('}').unwrap_or((after, ""));
            self.text(before);
            self.text(at.parse::<usize>().ok().and_then(|at| values.get(at)).copied().unwrap_or_default());
            rest = after;
        }
        self.text(rest)
    }

    /// A sentence of another room, which speaks English, in both languages.
    pub(super) fn in_both(&mut self, sentence: &str) -> &mut Self {
        self.element("<span lang=\"en\">", sentence, "</span>");
        self.element("<span lang=\"ko\">", &Language::Korean.say(sentence), "</span>")
    }

    /// A drawing. It escapes what it is made of.
    pub(super) fn scene(&mut self, scene: &Scene) -> &mut Self {
        self.drawn(&in_both_languages(scene))
    }

    /// A drawing that has been written.
    pub(super) fn drawn(&mut self, drawing: &Drawn) -> &mut Self {
        self.0.push_str(drawing.as_str());
        self
    }

    /// A part that was written by itself.
    pub(super) fn part(&mut self, part: Html) -> &mut Self {
        self.0.push_str(&part.0);
        self
    }

    /// Bytes so far.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// A network, drawn.
    pub(super) fn diagram(&mut self, diagram: &crate::draw::Diagram) -> &mut Self {
        self.0.push_str(&diagram.to_svg());
        self
    }

    /// Data for the script, where they end no element.
    pub(super) fn json(&mut self, value: &serde_json::Value) -> &mut Self {
        self.0.push_str(&json_shown(&value.to_string()).replace('<', "\\u003c"));
        self
    }

    /// The end of a chain, where nothing is to be returned.
    pub(super) fn end(&mut self) {}

    /// All of it.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_elsewhere_is_text() {
        let mut html = Html::default();
        let evil = "<script>alert(\"1\")</script>&\u{202e}";
        html.element("<b>", evil, "</b>").told(Said { en: "a {1} {0} b", ko: "{0}" }, &[evil, "x"]);
        html.json(&serde_json::json!([evil]));
        let text = html.finish();
        assert!(
            !text.contains("<script") && !text.contains("</script") && !text.contains('\u{202e}'),
            "{text}"
        );
        let script = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;\\u{202e}";
        assert!(
            text.starts_with(&format!("<b>{script}</b><span lang=\"en\">a x {script} b</span>")),
            "{text}"
        );
    }
}
