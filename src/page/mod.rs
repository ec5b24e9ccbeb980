//! The results of a run as a page: one HTML file that opens from disk and needs no network. It is in English
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
mod matrix;
mod mistakes;
mod model;
mod program;
mod quality;
mod saw;
mod shown_numbers;
mod time;
mod words;
mod wrong;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::assess::Findings;
use crate::diag::Language;
use crate::draw::scene::{Scene, base64};
use crate::experiment::{Run, RunStatus};
use crate::printed::shown_path;
use facts::Facts;
use html::Html;

/// What draws curves. Its licence stands in `assets/uPlot.LICENSE` and in each page.
const PLOTS: &str = include_str!("assets/uPlot.iife.min.js");
const PLOTS_LICENSE: &str = include_str!("assets/uPlot.LICENSE");
const PLOTS_STYLE: &str = include_str!("assets/uPlot.min.css");
const STYLE: &str = include_str!("assets/page.css");
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
        let script = format!("/*\n{PLOTS_LICENSE}*/\n{PLOTS}\n{SCRIPT}");
        self.head(&script, &mut html);
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
        html.said(words::CURVES_BY).tags("</p></footer><script type=\"application/json\" id=\"facts\">");
        html.json(&data(&facts)).tags("</script>\n");
        let page = html.finish();
        format!("{page}<script>{script}</script>\n</body>\n</html>\n")
    }

    fn head(&self, script: &str, html: &mut Html) {
        html.tags(match self.language {
            Language::English => "<!doctype html>\n<html lang=\"en\">\n",
            Language::Korean => "<!doctype html>\n<html lang=\"ko\">\n",
        });
        html.tags(
            "<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; \
             style-src 'unsafe-inline'; script-src 'sha256-",
        );
        let mut hash = String::new();
        base64(&mut hash, &Sha256::digest(script.as_bytes()));
        html.text(&hash).tags("'\">\n<title>").text(self.run.model()).tags(" - ");
        html.text(&shown_path(self.run.folder())).tags("</title>\n<style>");
        html.tags(PLOTS_STYLE).tags(STYLE).tags("</style>\n</head>\n<body>\n");
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
        html.tags(class).said(status).tags("</span><nav><button id=\"language\">").said(words::LANGUAGE);
        html.tags("</button><button id=\"theme\">").said(words::THEME).tags("</button></nav></header>\n");
    }
}

/// What the script takes.
fn data(facts: &Facts<'_>) -> Value {
    let found = facts.assessment.as_ref().map(|assessment| &assessment.findings);
    let confusion = match (found, &facts.answers) {
        (Some(Findings::Classes(found)), Some(answers)) => matrix::data(found, answers),
        _ => Value::Null,
    };
    let of_language = |sentence: fn(words::Said) -> &'static str| {
        let entries = words::OF_SCRIPT.map(|(name, said)| (name.to_owned(), json!(sentence(said))));
        Value::Object(Map::from_iter(entries))
    };
    json!({
        "curves": curves::data(facts),
        "confusion": confusion,
        "words": { "en": of_language(|said| said.en), "ko": of_language(|said| said.ko) },
    })
}
