//! The results of a run or a [search] as a page: one HTML file that opens from disk and needs no network. It is in English
//! and Korean, light and dark, for a screen, a phone and paper, and says what is missing.
//!
//! Sections stand in the order in which a person asks. Each is a file here; all that comes from files and
//! names goes through [`html::Html::text`]. No script but ours runs in the page, whatever it holds: its
//! policy names the script by its hash.

mod again;
mod classes;
mod compiler;
mod curves;
mod facts;
mod html;
mod live;
mod matrix;
mod members;
mod mistakes;
mod model;
mod program;
mod quality;
mod runs;
mod saw;
mod search;
mod searches;
mod served_words;
mod shell;
mod shown_numbers;
mod time;
mod words;
mod wrong;

use serde_json::{Value, json};

use crate::assess::Findings;
use crate::diag::Language;
use crate::draw::scene::Scene;
use crate::experiment::{Run, RunStatus};
use crate::printed::shown_path;
use facts::Facts;
use html::Html;
use shell::Shell;

pub(crate) use live::LivePage;
pub(crate) use runs::{ListedRun, RunsPage, ShownRun};
pub(crate) use search::SearchPage;
pub(crate) use searches::ListedSearch;

const SCRIPT: &str = include_str!("assets/page.js");

/// What a page is made of.
#[derive(Debug)]
pub(crate) struct Page<'p> {
    /// The run, as its folder tells.
    pub(crate) run: &'p Run,
    /// The text of its program, where that is known.
    pub(crate) program: Option<&'p str>,
    /// Drawings that were made of its pictures.
    pub(crate) pictures: Pictures,
    /// The language that is shown first.
    pub(crate) language: Language,
}

/// Drawings of a run's pictures, which others make.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    /// Mistakes, with what the model looked at.
    pub(crate) mistakes: Option<Scene>,
    /// What it was trained on.
    pub(crate) samples: Option<Scene>,
    /// What its `report` names, by the files that hold them.
    pub(crate) drawings: Vec<(String, Scene)>,
    /// Why there are none.
    pub(crate) missing: Option<String>,
}

impl Page<'_> {
    /// The page as a file. Whatever the run lacks is told in it.
    pub(crate) fn to_html(&self) -> String {
        let facts = Facts::of(self.run, self.program);
        let mut html = Html::default();
        let title = format!("{} - {}", self.run.model(), shown_path(self.run.folder()));
        let shell = Shell::new(self.language, &title, SCRIPT);
        shell.begin(&mut html);
        self.title(&mut html);
        html.tags("<main>");
        quality::write(&facts, &mut html);
        mistakes::write(&facts, &self.pictures, &mut html);
        saw::write(&self.pictures, &mut html);
        model::write(&facts, &mut html);
        compiler::write(&facts, &mut html);
        time::write(&facts, &mut html);
        again::write(&facts, &mut html);
        html.tags("</main><footer><p>").told(words::FOOT, &[env!("CARGO_PKG_VERSION")]).tags(" ");
        html.said(words::CURVES_BY).tags("</p></footer>");
        shell.end(&data(&facts), html)
    }

    fn title(&self, html: &mut Html) {
        html.tags("<header><div><h1>").text(self.run.model()).tags("</h1><p>");
        html.text(&shown_path(self.run.file())).tags(" → ").text(&shown_path(self.run.folder()));
        let (class, status) = match self.run.status() {
            RunStatus::Running => ("</p></div><span class=\"status odd\">", words::RUNNING),
            RunStatus::Interrupted => ("</p></div><span class=\"status odd\">", words::INTERRUPTED),
            RunStatus::Failed(_) => ("</p></div><span class=\"status bad\">", words::FAILED),
            RunStatus::Finished => ("</p></div><span class=\"status good\">", words::FINISHED),
        };
        html.tags(class).said(status).tags("</span>");
        shell::buttons(html);
        html.tags("</header>\n");
    }
}

/// What the script takes.
fn data(facts: &Facts<'_>) -> Value {
    let found = facts.assessment.as_ref().map(|assessment| &assessment.findings);
    let confusion = match (found, &facts.answers) {
        (Some(Findings::Classes(found)), Some(answers)) => matrix::data(found, answers),
        _ => Value::Null,
    };
    json!({
        "curves": curves::data(facts),
        "confusion": confusion,
        "words": shell::of_script(&words::OF_SCRIPT),
    })
}
