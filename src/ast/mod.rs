//! Syntax as plain data: what stands in a file, with spans, before any name has a meaning.
//!
//! A layer's meaning, an option's type, a section's settings are all unknown here: the syntax takes any
//! `name(key: value, …)`.

mod allows;
mod expr;
mod print;
pub mod visit;

pub use allows::Allowed;
pub use expr::{BinaryOp, Dim, Expr, ExprKind, Unit};
pub use print::{print, print_expr};

use crate::source::{Span, Spanned};

/// A word with its place.
pub type Name = Spanned<String>;

/// A whole file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct File {
    /// What stands at the top, in the order written. Items that could not be parsed are missing.
    pub items: Vec<Item>,
    /// Places of all comments, `//` included, in order.
    pub comments: Vec<Span>,
}

impl File {
    /// Its models, in the order written.
    pub fn models(&self) -> impl Iterator<Item = &Definition> {
        self.items.iter().filter_map(|item| match item {
            Item::Definition(definition) if definition.kind == DefinitionKind::Model => Some(definition),
            Item::Definition(_)
            | Item::Language(_)
            | Item::Use(_)
            | Item::Let(_)
            | Item::Allow(_)
            | Item::Section(_) => None,
        })
    }

    /// Its sections, in the order written.
    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        self.items.iter().filter_map(|item| match item {
            Item::Section(section) => Some(section),
            Item::Definition(_) | Item::Language(_) | Item::Use(_) | Item::Let(_) | Item::Allow(_) => None,
        })
    }
}

/// Something at the top of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// `language 1`
    Language(Spanned<u64>),
    /// `use zoo.vgg16`, `use "blocks.cnn" as b`
    Use(Use),
    /// `let width = 32`
    Let(Let),
    /// `allow W0301 because "…"`
    Allow(Allow),
    /// A model or a block.
    Definition(Definition),
    /// `data { … }`, `train Deep { … }`
    Section(Section),
}

/// An import.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    /// What is imported: a path of words, or the text of a file name.
    pub target: Expr,
    /// The name it gets.
    pub alias: Option<Name>,
    /// The whole statement.
    pub span: Span,
}

/// A named constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Let {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
    /// The whole statement.
    pub span: Span,
}

/// A warning that is meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Allow {
    /// Its code.
    pub code: Name,
    /// Why it is meant.
    pub reason: Spanned<String>,
    /// The whole statement.
    pub span: Span,
}

/// A model or a block: a parametrised body.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Which of the two.
    pub kind: DefinitionKind,
    /// Its name.
    pub name: Name,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Its statements.
    pub body: Body,
    /// From the keyword to the closing brace.
    pub span: Span,
}

/// What a definition makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefinitionKind {
    /// `model`
    Model,
    /// `block`
    Block,
}

/// A parameter of a definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its default, if it has one.
    pub default: Option<Expr>,
}

/// Statements between braces.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Body {
    /// In the order written.
    pub statements: Vec<Statement>,
    /// With the braces.
    pub span: Span,
}

/// A statement of a body.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// Layers, one after the other.
    Chain(Chain),
    /// `from x`
    From(Spanned<Name>),
    /// `let`
    Let(Let),
    /// `allow`
    Allow(Allow),
    /// `repeat 3 { … }`
    Repeat(Repeat),
    /// `if top { … } else { … }`
    If(If),
    /// `head aux(weight: 0.3) { … }`
    Head(Head),
}

impl Statement {
    /// The whole statement.
    pub fn span(&self) -> Span {
        match self {
            Statement::Chain(chain) => chain.span,
            Statement::From(from) => from.span,
            Statement::Let(constant) => constant.span,
            Statement::Allow(allow) => allow.span,
            Statement::Repeat(repeat) => repeat.span,
            Statement::If(choice) => choice.span,
            Statement::Head(head) => head.span,
        }
    }
}

/// `x = conv2d(…)`, `a -> b -> c`
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The name of the one layer; only where there is one.
    pub name: Option<Name>,
    /// At least one.
    pub steps: Vec<Step>,
    /// The whole statement.
    pub span: Span,
}

/// A layer, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// `conv2d`, `zoo.vgg16`
    pub callee: Name,
    /// What stands in the parentheses; empty without them.
    pub arguments: Vec<Argument>,
    /// The branches of `add { … }`; `None` without braces.
    pub branches: Option<Vec<Branch>>,
    /// From the name to the closing parenthesis or brace.
    pub span: Span,
}

/// A branch of `add { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// `branch if …`
    pub condition: Option<Expr>,
    /// What the branch does.
    pub body: Body,
    /// What it does where the condition does not hold.
    pub otherwise: Option<Body>,
    /// The whole branch.
    pub span: Span,
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// `key:`, if written.
    pub name: Option<Name>,
    /// Its value.
    pub value: Expr,
}

impl Argument {
    /// The whole argument.
    pub fn span(&self) -> Span {
        self.name.as_ref().map_or(self.value.span, |name| name.span.to(self.value.span))
    }
}

/// A body written several times.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeat {
    /// `stage = repeat …`
    pub name: Option<Name>,
    /// `i in`, if written.
    pub index: Option<Name>,
    /// A number, or a range with an index.
    pub count: Expr,
    /// What is repeated.
    pub body: Body,
    /// The whole statement.
    pub span: Span,
}

/// An auxiliary output.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Its name.
    pub name: Name,
    /// What stands in the parentheses.
    pub arguments: Vec<Argument>,
    /// What it does with the current value.
    pub body: Body,
    /// The whole statement.
    pub span: Span,
}

/// A choice between bodies.
#[derive(Debug, Clone, PartialEq)]
pub struct If {
    /// Decides while compiling.
    pub condition: Expr,
    /// Where it holds.
    pub then: Body,
    /// Where it does not.
    pub otherwise: Option<Body>,
    /// The whole statement.
    pub span: Span,
}

/// `data { … }`, `train Deep { … }`
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// `data`, `prepare`, `augment`, `train`, …
    pub kind: Name,
    /// The model it is for, or a phase's name.
    pub target: Option<Name>,
    /// What stands in it.
    pub entries: Vec<Entry>,
    /// From the keyword to the closing brace.
    pub span: Span,
}

/// Something in a section.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// `epochs: 20`
    Setting(Setting),
    /// `rotation(20deg)`, `early_stopping(…)`
    Call(Step),
    /// `let`
    Let(Let),
    /// `allow`
    Allow(Allow),
    /// `phase head { … }`
    Section(Section),
}

/// `key: value`
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Its name.
    pub key: Name,
    /// Its value.
    pub value: Expr,
}
