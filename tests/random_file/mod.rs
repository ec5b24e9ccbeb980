//! Random syntax trees that print as valid files.

use cnnc::internals::ast::{
    Allow, Argument, BinaryOp, Body, Branch, Chain, Definition, DefinitionKind, Dim, Entry, Expr, ExprKind,
    File, If, Item, Let, Name, Parameter, Repeat, Section, Setting, Statement, Step, Unit, Use, print_expr,
};
use cnnc::source::{Span, Spanned};
use proptest::prelude::*;

/// A property is tried with `usual` cases, or with as many as `CNNC_FUZZ_CASES` says. Failures are shown, not
/// kept in files.
pub(crate) fn config(usual: u32) -> ProptestConfig {
    let asked = std::env::var("CNNC_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(usual), failure_persistence: None, ..ProptestConfig::default() }
}

const NO: Span = Span { start: 0, end: 0 };

fn name() -> impl Strategy<Value = Name> {
    let words = vec![
        "a",
        "x1",
        "width",
        "conv2d",
        "add",
        "of",
        "in",
        "a_rather_long_name_of_a_layer",
        "onward",
        "classes",
    ];
    prop::sample::select(words).prop_map(|word| Spanned::new(word.to_owned(), NO))
}

fn path() -> impl Strategy<Value = Name> {
    prop_oneof![3 => name(), 1 => (name(), name()).prop_map(|(a, b)| Spanned::new(format!("{}.{}", a.value, b.value), NO))]
}

fn expr() -> impl Strategy<Value = Expr> {
    let of = |kind: ExprKind| Expr { kind, span: NO };
    let leaf = prop_oneof![
        (0_u64..300).prop_map(ExprKind::Int),
        prop::sample::select(vec![0.5, 0.001, 1e-9, 2.5e30]).prop_map(ExprKind::Float),
        (
            0_u32..100,
            prop::sample::select(vec![
                Unit::Percent,
                Unit::Degrees,
                Unit::Turns,
                Unit::Epochs,
                Unit::Other("e".into())
            ])
        )
            .prop_map(|(n, unit)| ExprKind::Quantity(f64::from(n), unit)),
        prop::collection::vec(prop_oneof![(0_u64..99).prop_map(Dim::Known), Just(Dim::Open)], 2..4)
            .prop_map(ExprKind::Size),
        prop::sample::select(vec!["", "a text", "a/b.tar.gz/train // no comment", "{["])
            .prop_map(|t| ExprKind::Text(t.to_owned())),
        path().prop_map(|name| ExprKind::Name(name.value)),
        name().prop_map(ExprKind::By),
    ]
    .prop_map(of);
    leaf.prop_recursive(4, 24, 5, move |inner| {
        let operator = prop::sample::select(vec![
            BinaryOp::Add,
            BinaryOp::Sub,
            BinaryOp::Mul,
            BinaryOp::Div,
            BinaryOp::Equal,
            BinaryOp::Less,
            BinaryOp::GreaterEqual,
        ]);
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(ExprKind::List),
            prop::collection::vec((inner.clone(), inner.clone()), 0..3).prop_map(in_list),
            (path(), arguments(inner.clone()))
                .prop_map(|(callee, arguments)| ExprKind::Call(callee, arguments)),
            boxed.clone().prop_map(negated),
            (operator, boxed.clone(), boxed.clone()).prop_map(|(op, a, b)| ExprKind::Binary(op, a, b)),
            (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| ExprKind::If(Box::new([a, b, c]))),
            (boxed.clone(), name()).prop_map(|(share, base)| ExprKind::Of(share, base)),
            boxed.clone().prop_map(ExprKind::Onward),
            (boxed.clone(), boxed, any::<bool>()).prop_map(|(start, end, inclusive)| ExprKind::Range {
                start,
                end,
                inclusive
            }),
        ]
        .prop_map(of)
    })
}

/// A map where it can stand: behind `:`, `,` or an operator, or in brackets.
fn in_list(pairs: Vec<(Expr, Expr)>) -> ExprKind {
    ExprKind::List(vec![Expr { kind: ExprKind::Map(pairs), span: NO }])
}

/// A value of a head: a brace there would begin the body.
fn condition() -> impl Strategy<Value = Expr> {
    let plain = |expr: Expr| {
        if print_expr(&expr).contains('{') { Expr { kind: ExprKind::Int(3), span: NO } } else { expr }
    };
    expr().prop_map(plain)
}

/// Two signs cancel out while parsing.
fn negated(inner: Box<Expr>) -> ExprKind {
    if let ExprKind::Negate(inner) = inner.kind { inner.kind } else { ExprKind::Negate(inner) }
}

fn arguments(value: impl Strategy<Value = Expr>) -> impl Strategy<Value = Vec<Argument>> {
    let argument = (prop::option::of(name()), value).prop_map(|(name, value)| Argument { name, value });
    prop::collection::vec(argument, 0..5)
}

fn constant() -> impl Strategy<Value = Let> {
    (name(), expr()).prop_map(|(name, value)| Let { name, value, span: NO })
}

fn allow() -> impl Strategy<Value = Allow> {
    let reason =
        prop::sample::select(vec!["it is meant", ""]).prop_map(|text| Spanned::new(text.to_owned(), NO));
    (name(), reason).prop_map(|(code, reason)| Allow { code, reason, span: NO })
}

fn step() -> impl Strategy<Value = Step> {
    (path(), arguments(expr())).prop_map(|(callee, arguments)| Step {
        callee,
        arguments,
        branches: None,
        span: NO,
    })
}

fn body() -> impl Strategy<Value = Body> {
    let plain = prop_oneof![
        4 => prop::collection::vec(step(), 1..5).prop_map(|steps| Statement::Chain(Chain { name: None, steps, span: NO })),
        2 => (name(), step()).prop_map(|(name, step)| Statement::Chain(Chain { name: Some(name), steps: vec![step], span: NO })),
        1 => path().prop_map(|name| Statement::From(Spanned::new(name, NO))),
        1 => constant().prop_map(Statement::Let),
        1 => allow().prop_map(Statement::Allow),
    ];
    let of = |statements: Vec<Statement>| Body { statements, span: NO };
    let leaf = prop::collection::vec(plain.clone(), 0..4).prop_map(of);
    leaf.prop_recursive(3, 16, 3, move |inner| {
        let branch = (prop::option::of(condition()), inner.clone(), prop::option::of(inner.clone()))
            .prop_map(|(condition, body, otherwise)| Branch { condition, body, otherwise, span: NO });
        let joined = (step(), prop::collection::vec(branch, 0..3), prop::option::of(step())).prop_map(
            |(first, branches, then)| {
                let first = Step { branches: Some(branches), ..first };
                Statement::Chain(Chain {
                    name: None,
                    steps: std::iter::once(first).chain(then).collect(),
                    span: NO,
                })
            },
        );
        let repeat = (prop::option::of(name()), prop::option::of(name()), condition(), inner.clone())
            .prop_map(|(name, index, count, body)| {
                Statement::Repeat(Repeat { name, index, count, body, span: NO })
            });
        let choice =
            (condition(), inner.clone(), prop::option::of(inner)).prop_map(|(condition, then, otherwise)| {
                Statement::If(If { condition, then, otherwise, span: NO })
            });
        prop::collection::vec(prop_oneof![2 => plain.clone(), 1 => joined, 1 => repeat, 1 => choice], 0..5)
            .prop_map(of)
    })
}

fn section() -> impl Strategy<Value = Section> {
    let kind = prop::sample::select(vec!["data", "train", "augment", "phase"])
        .prop_map(|word| Spanned::new(word.to_owned(), NO));
    let plain = prop_oneof![
        3 => (name(), expr()).prop_map(|(key, value)| Entry::Setting(Setting { key, value })),
        2 => step().prop_map(Entry::Call),
        1 => constant().prop_map(Entry::Let),
        1 => allow().prop_map(Entry::Allow),
    ];
    let of = |(kind, target, entries)| Section { kind, target, entries, span: NO };
    let inner =
        (kind.clone(), prop::option::of(name()), prop::collection::vec(plain.clone(), 0..3)).prop_map(of);
    let entry = prop_oneof![5 => plain, 1 => inner.prop_map(Entry::Section)];
    (kind, prop::option::of(name()), prop::collection::vec(entry, 0..6)).prop_map(of)
}

/// A file.
pub(crate) fn file() -> impl Strategy<Value = File> {
    let parameter =
        (name(), prop::option::of(expr())).prop_map(|(name, default)| Parameter { name, default });
    let kind = prop_oneof![Just(DefinitionKind::Model), Just(DefinitionKind::Block)];
    let definition = (kind, name(), prop::collection::vec(parameter, 0..5), body())
        .prop_map(|(kind, name, parameters, body)| Definition { kind, name, parameters, body, span: NO });
    let target = prop_oneof![
        path().prop_map(|name| ExprKind::Name(name.value)),
        Just(ExprKind::Text("blocks.cnn".to_owned())),
    ];
    let import = (target, prop::option::of(name())).prop_map(|(kind, alias)| Use {
        target: Expr { kind, span: NO },
        alias,
        span: NO,
    });
    let item = prop_oneof![
        1 => (0_u64..9).prop_map(|version| Item::Language(Spanned::new(version, NO))),
        1 => import.prop_map(Item::Use),
        1 => constant().prop_map(Item::Let),
        1 => allow().prop_map(Item::Allow),
        3 => definition.prop_map(Item::Definition),
        3 => section().prop_map(Item::Section),
    ];
    prop::collection::vec(item, 0..5).prop_map(|items| File { items, comments: Vec::new() })
}
