//! Where warnings are allowed.

use super::{Allow, Body, Entry, File, Item, Section, Statement};
use crate::source::Span;

/// An `allow` and the part of the file that it is for; `None`: all of it.
pub type Allowed<'f> = (&'f Allow, Option<Span>);

impl File {
    /// All `allow`s: one at the top is for the whole file, one in a body or section for what stands in that.
    pub fn allows(&self) -> Vec<Allowed<'_>> {
        let mut allows = Vec::new();
        for item in &self.items {
            match item {
                Item::Allow(allow) => allows.push((allow, None)),
                Item::Definition(definition) => of_body(&definition.body, &mut allows),
                Item::Section(section) => of_section(section, &mut allows),
                Item::Language(_) | Item::Use(_) | Item::Let(_) => {}
            }
        }
        allows
    }
}

fn of_body<'f>(body: &'f Body, allows: &mut Vec<Allowed<'f>>) {
    for statement in &body.statements {
        match statement {
            Statement::Allow(allow) => allows.push((allow, Some(body.span))),
            Statement::Chain(chain) => {
                for branch in chain.steps.iter().filter_map(|step| step.branches.as_ref()).flatten() {
                    of_body(&branch.body, allows);
                    branch.otherwise.iter().for_each(|body| of_body(body, allows));
                }
            }
            Statement::Repeat(repeat) => of_body(&repeat.body, allows),
            Statement::If(choice) => {
                of_body(&choice.then, allows);
                choice.otherwise.iter().for_each(|body| of_body(body, allows));
            }
            Statement::Head(head) => of_body(&head.body, allows),
            Statement::From(_) | Statement::Let(_) => {}
        }
    }
}

fn of_section<'f>(section: &'f Section, allows: &mut Vec<Allowed<'f>>) {
    for entry in &section.entries {
        match entry {
            Entry::Allow(allow) => allows.push((allow, Some(section.span))),
            Entry::Section(inner) => of_section(inner, allows),
            Entry::Setting(_) | Entry::Call(_) | Entry::Let(_) => {}
        }
    }
}
