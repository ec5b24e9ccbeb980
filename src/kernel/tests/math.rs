//! The functions' error bounds, as their documentation states them.

use super::harness::{Data, run};
use crate::desc::{
    Domain, Expr, ExprId, ExprNode, KernelDesc, MapDesc, MapOutput, Operand, OperandKind, uniform_reference,
};
use crate::tensor::Element;

/// Evaluates one function at many places.
fn evaluate(function: fn(ExprId) -> ExprNode, xs: &[f32]) -> Vec<f32> {
    evaluate_expr(|e, x| e.push(function(x)), xs)
}

/// Evaluates an expression of one operand at many places.
fn evaluate_expr(write: impl FnOnce(&mut Expr, ExprId) -> ExprId, xs: &[f32]) -> Vec<f32> {
    let mut expr = Expr::new();
    let x = expr.input(0);
    let y = write(&mut expr, x);
    let desc = MapDesc {
        domain: Domain::Flat,
        operands: vec![Operand { kind: OperandKind::Flat, element: Element::F32 }],
        expr,
        outputs: vec![(y, MapOutput::Flat)],
    };
    let args = [Data::F32(xs.to_vec()), Data::F32(vec![0.0; xs.len()])];
    run(&KernelDesc::Map(desc), &args, xs.len(), 0)[1].f32().to_vec()
}

/// Evenly spaced, both ends included, and an odd number so that a scalar is left over.
fn spaced(from: f64, to: f64) -> Vec<f32> {
    let steps = 200_000;
    (0..=steps).map(|i| (from + (to - from) * f64::from(i) / f64::from(steps)) as f32).collect()
}

fn relative(got: f32, want: f64) -> f64 {
    (f64::from(got) - want).abs() / want.abs()
}

#[test]
fn exp_is_good_to_4e_7() {
    let xs = spaced(-87.3, 88.7);
    for (x, y) in xs.iter().zip(evaluate(ExprNode::Exp, &xs)) {
        let error = relative(y, f64::from(*x).exp());
        assert!(error <= 4e-7, "exp({x}) = {y}, off by {error}");
    }
    let ends = [f32::NEG_INFINITY, -104.1, -1e30, 88.74, 1e30, f32::INFINITY, 0.0, -0.0, f32::NAN];
    let ys = evaluate(ExprNode::Exp, &ends);
    assert_eq!(ys[..8], [0.0, 0.0, 0.0, f32::INFINITY, f32::INFINITY, f32::INFINITY, 1.0, 1.0]);
    assert!(ys[8].is_nan());
}

#[test]
fn log_is_good_to_4e_7() {
    let mut xs: Vec<f32> = spaced(-37.9, 38.5).iter().map(|e| 10_f32.powf(*e)).collect();
    xs.extend(spaced(0.5, 2.0));
    xs.retain(|&x| x != 1.0);
    for (x, y) in xs.iter().zip(evaluate(ExprNode::Log, &xs)) {
        let error = relative(y, f64::from(*x).ln());
        assert!(error <= 4e-7, "log({x}) = {y}, off by {error}");
    }
    let ys = evaluate(ExprNode::Log, &[1.0, f32::INFINITY, f32::NAN]);
    assert_eq!(ys[..2], [0.0, f32::INFINITY]);
    assert!(ys[2].is_nan());
}

#[test]
fn tanh_is_good_to_1e_6() {
    let mut xs = spaced(-12.0, 12.0);
    xs.extend(spaced(-1e-3, 1e-3));
    xs.retain(|&x| x.abs() > 1e-30);
    for (x, y) in xs.iter().zip(evaluate(ExprNode::Tanh, &xs)) {
        let error = relative(y, f64::from(*x).tanh());
        assert!(error <= 1e-6, "tanh({x}) = {y}, off by {error}");
    }
    let ys = evaluate(ExprNode::Tanh, &[0.0, 1e30, f32::INFINITY, f32::NEG_INFINITY, f32::NAN]);
    assert_eq!(ys[..4], [0.0, 1.0, 1.0, -1.0]);
    assert!(ys[4].is_nan());
}

#[test]
fn erf_is_good_to_5e_7() {
    let xs = spaced(-6.0, 6.0);
    for (x, y) in xs.iter().zip(evaluate(ExprNode::Erf, &xs)) {
        let error = (f64::from(y) - erf(f64::from(*x))).abs();
        assert!(error <= 5e-7, "erf({x}) = {y}, off by {error}");
    }
    let ys = evaluate(ExprNode::Erf, &[0.0, 1e30, f32::INFINITY, f32::NEG_INFINITY, f32::NAN]);
    assert_eq!(ys[..4], [0.0, 1.0, 1.0, -1.0]);
    assert!(ys[4].is_nan());
}

/// `2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!`: all terms have one sign. Source: Abramowitz & Stegun 7.1.6.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > 1e-18 * sum.abs() {
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
        n += 1.0;
    }
    std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

#[test]
fn floors_are_whole_numbers_below() {
    let mut xs = spaced(-9.0, 9.0);
    xs.extend([-1.0, 0.0, 3.0, -0.0, 1e9, -1e9, 16_777_217.0, -2_147_483_000.0]);
    for (x, y) in xs.iter().zip(evaluate(ExprNode::Floor, &xs)) {
        assert_eq!(y, x.floor(), "floor({x})");
    }
}

#[test]
fn sine_and_cosine_are_good_to_2e_6() {
    let xs = spaced(-2.0 * std::f64::consts::PI, 2.0 * std::f64::consts::PI);
    let sine = evaluate_expr(|e, a| e.sine_and_cosine(a).0, &xs);
    let cosine = evaluate_expr(|e, a| e.sine_and_cosine(a).1, &xs);
    for ((x, sine), cosine) in xs.iter().zip(sine).zip(cosine) {
        let (want_sine, want_cosine) = f64::from(*x).sin_cos();
        let error = (f64::from(sine) - want_sine).abs().max((f64::from(cosine) - want_cosine).abs());
        assert!(error <= 2e-6, "at {x}: ({sine}, {cosine}), off by {error}");
    }
    // without an angle nothing is turned, not even by a rounding
    assert_eq!(evaluate_expr(|e, a| e.sine_and_cosine(a).0, &[0.0]), [0.0]);
    assert_eq!(evaluate_expr(|e, a| e.sine_and_cosine(a).1, &[0.0]), [1.0]);
}

/// Share of standard normal numbers below `x`, by the series of erf.
fn normal_share(x: f64) -> f64 {
    let z = x / std::f64::consts::SQRT_2;
    let mut term = z;
    let mut sum = z;
    for n in 1..200 {
        term *= -z * z / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    0.5 + sum / std::f64::consts::PI.sqrt()
}

#[test]
fn normal_numbers_are_quantiles_of_the_uniform_ones() {
    let mut expr = Expr::new();
    let y = expr.normal(0);
    let desc = MapDesc {
        domain: Domain::Flat,
        operands: vec![Operand { kind: OperandKind::Scalar, element: Element::I32 }],
        expr,
        outputs: vec![(y, MapOutput::Flat)],
    };
    let count = 50_001;
    let args = [Data::I32(vec![77]), Data::F32(vec![0.0; count])];
    let got = run(&KernelDesc::Map(desc), &args, count, 3);
    let numbers: Vec<f64> = got[1].f32().iter().map(|&y| f64::from(y)).collect();
    for (i, &y) in numbers.iter().enumerate() {
        let u = f64::from(uniform_reference(77, i as u32 + 3)) + 2.0_f64.powi(-25);
        // an error of 1e-6 in y moves the share by at most 0.4e-6 |y|
        assert!((normal_share(y) - u).abs() < 2e-6, "{y} is not the {u} quantile");
    }
    let mean = numbers.iter().sum::<f64>() / count as f64;
    let variance = numbers.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / count as f64;
    assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "mean {mean}, variance {variance}");
}
