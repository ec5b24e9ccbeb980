//! Softmax, losses and metrics.

use proptest::prelude::*;

use super::harness::{Data, assert_close, channel_count, numbers, run};
use crate::desc::{ChannelNormDesc, KernelDesc, LossDesc, LossKind, SoftmaxDesc, Targets, TopKDesc};
use crate::kernel::trial::random_cases;

fn softmax(x: &[f32]) -> Vec<f64> {
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let terms: Vec<f64> = x.iter().map(|&v| f64::from(v - largest).exp()).collect();
    let sum: f64 = terms.iter().sum();
    terms.iter().map(|term| term / sum).collect()
}

fn labels(seed: u64, count: usize, classes: usize) -> Vec<i32> {
    numbers(seed, count).iter().map(|v| (v.to_bits() as usize / 7 % classes.max(2)) as i32).collect()
}

proptest! {
    #![proptest_config(random_cases(60))]
    #[test]
    fn softmax_and_gradient(pixels in 1_usize..4, channels in channel_count(), count in 0_usize..4, seed in any::<u64>(), scale in prop::sample::select(vec![1.0_f32, 30.0])) {
        let len = pixels * channels * count;
        let x: Vec<f32> = numbers(seed, len).iter().map(|v| v * scale).collect();
        let desc = SoftmaxDesc { pixels, channels, grad: false };
        let got = run(&KernelDesc::Softmax(desc), &[Data::F32(x.clone()), Data::F32(vec![0.0; len])], count, 0);
        let want: Vec<f64> = x.chunks(channels).flat_map(softmax).collect();
        for (i, (&got, &want)) in got[1].f32().iter().zip(&want).enumerate() {
            assert_close(got, want, 2e-6, i);
        }
        let (y, dy) = (got[1].f32().to_vec(), numbers(seed ^ 1, len));
        let desc = SoftmaxDesc { grad: true, ..desc };
        let args = [Data::F32(y.clone()), Data::F32(dy.clone()), Data::F32(vec![0.0; len])];
        let got = run(&KernelDesc::Softmax(desc), &args, count, 0);
        for (row, got) in got[2].f32().chunks(channels).enumerate() {
            let (y, dy) = (&y[row * channels..][..channels], &dy[row * channels..][..channels]);
            let dot: f64 = y.iter().zip(dy).map(|(&y, &dy)| f64::from(y) * f64::from(dy)).sum();
            for c in 0..channels {
                assert_close(got[c], f64::from(y[c]) * (f64::from(dy[c]) - dot), 5e-6, (row, c));
            }
        }
    }

    #[test]
    fn channel_norm_and_gradient(pixels in 1_usize..4, channels in channel_count(), count in 0_usize..4, seed in any::<u64>(), offset in prop::sample::select(vec![0.0_f32, 100.0])) {
        let len = pixels * channels * count;
        let x: Vec<f32> = numbers(seed, len).iter().map(|v| v + offset).collect();
        let dy = numbers(seed ^ 1, len);
        let epsilon = 1e-3_f32;
        let desc = ChannelNormDesc { pixels, channels, epsilon: epsilon.to_bits(), grad: false };
        let got = run(&KernelDesc::ChannelNorm(desc), &[Data::F32(x.clone()), Data::F32(vec![0.0; len])], count, 0);
        let desc = ChannelNormDesc { grad: true, ..desc };
        let args = [Data::F32(x.clone()), Data::F32(dy.clone()), Data::F32(vec![0.0; len])];
        let back = run(&KernelDesc::ChannelNorm(desc), &args, count, 0);
        for row in 0..pixels * count {
            let (x, dy) = (&x[row * channels..][..channels], &dy[row * channels..][..channels]);
            let mean_of = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / channels as f64;
            let mean = mean_of(&mut x.iter().map(|&x| f64::from(x)));
            let variance = mean_of(&mut x.iter().map(|&x| (f64::from(x) - mean).powi(2)));
            let r = 1.0 / (variance + f64::from(epsilon)).sqrt();
            let y: Vec<f64> = x.iter().map(|&x| (f64::from(x) - mean) * r).collect();
            let mean_dy = mean_of(&mut dy.iter().map(|&dy| f64::from(dy)));
            let product = mean_of(&mut dy.iter().zip(&y).map(|(&dy, y)| f64::from(dy) * y));
            for c in 0..channels {
                let at = row * channels + c;
                // a rounding of the mean (1e-7 of 100) counts r times, at most 32
                assert_close(got[1].f32()[at], y[c], 1e-3, (row, c));
                assert_close(back[2].f32()[at] / r as f32, f64::from(dy[c]) - mean_dy - y[c] * product, 1e-3, (row, c));
                if offset == 0.0 {
                    assert_close(got[1].f32()[at], y[c], 3e-5, (row, c));
                }
            }
        }
    }

    #[test]
    fn losses(
        kind in prop::sample::select(KINDS.to_vec()),
        targets in prop::sample::select(vec![Targets::Index, Targets::Numbers]),
        classes in channel_count(),
        count in 0_usize..5,
        seed in any::<u64>(),
        stretch in prop::sample::select(vec![1.0_f32, 40.0]),
        smoothing in prop::sample::select(vec![0.0_f32, 0.1, 1.0]),
        weighted in any::<bool>(),
    ) {
        let scores: Vec<f32> = numbers(seed, classes * count).iter().map(|v| v * stretch).collect();
        let labels = labels(seed, count, classes);
        let wanted = targets_of(kind, targets, seed, &labels, classes);
        let scale = 0.25;
        let weights: Vec<f32> = numbers(seed ^ 3, count).iter().map(|weight| if weighted { weight.abs() } else { 1.0 }).collect();
        let args: Vec<Data> = [
            Some(Data::F32(scores.clone())),
            Some(if targets == Targets::Index { Data::I32(labels) } else { Data::F32(wanted.clone()) }),
            Some(Data::F32(vec![scale])),
            weighted.then(|| Data::F32(weights.clone())),
            Some(Data::F32(vec![7.0; count])),
            Some(Data::F32(vec![7.0; scores.len()])),
        ].into_iter().flatten().collect();
        let at = args.len() - 2;
        let desc = LossDesc { kind, targets, smoothing: smoothing.to_bits(), classes, weighted, grad: true };
        let got = run(&KernelDesc::Loss(desc), &args, count, 0);
        let plain = run(&KernelDesc::Loss(LossDesc { grad: false, ..desc }), &args[..=at], count, 0);
        prop_assert_eq!(&plain[at], &got[at]);
        for n in 0..count {
            let s = &scores[n * classes..][..classes];
            let smoothed: Vec<f32> = wanted[n * classes..][..classes].iter().map(|&t| smooth(kind, t, smoothing, classes)).collect();
            let (loss, grad) = reference(kind, s, &smoothed);
            let weight = f64::from(weights[n]);
            assert_close(got[at].f32()[n], loss * weight, 3e-6, n);
            for (c, slope) in grad.iter().enumerate() {
                assert_close(got[at + 1].f32()[n * classes + c], slope * f64::from(scale) * weight, 2e-6, (n, c));
            }
        }
    }

    #[test]
    fn top_k(classes in channel_count(), k in 1_usize..6, count in 0_usize..6, seed in any::<u64>(), nan in any::<bool>(), shared in any::<bool>()) {
        // few different values, so that there are ties
        let mut scores: Vec<f32> = numbers(seed, classes * count).iter().map(|v| v.round()).collect();
        if nan && !scores.is_empty() {
            let at = seed as usize % scores.len();
            scores[at] = f32::NAN;
        }
        let shares: Vec<f32> = numbers(seed ^ 2, classes * count).iter().map(|v| v.round() * 0.3).collect();
        let largest = |shares: &[f32]| match shares {
            [share] => i32::from(*share > 0.5),
            _ => (1..shares.len()).fold(0, |best, c| if shares[c] > shares[best] { c } else { best }) as i32,
        };
        let labels = if shared { shares.chunks(classes).map(largest).collect() } else { labels(seed, count, classes) };
        let targets = if shared { Targets::Numbers } else { Targets::Index };
        let desc = TopKDesc { targets, classes, k, threshold: 0.5_f32.to_bits() };
        let given = if shared { Data::F32(shares) } else { Data::I32(labels.clone()) };
        let args = [Data::F32(scores.clone()), given, Data::F32(vec![7.0; count])];
        let got = run(&KernelDesc::TopK(desc), &args, count, 0);
        for n in 0..count {
            let s = &scores[n * classes..][..classes];
            let right = if classes == 1 && k == 1 {
                !s[0].is_nan() && (s[0] > 0.5) == (labels[n] == 1)
            } else {
                let label = (labels[n] as usize).min(classes - 1);
                let before = |&(c, &v): &(usize, &f32)| v > s[label] || (v == s[label] && c < label);
                !s[label].is_nan() && s.iter().enumerate().filter(before).count() < k
            };
            prop_assert_eq!(got[2].f32()[n], f32::from(u8::from(right)), "image {}: {:?}, label {}", n, s, labels[n]);
        }
    }
}

const KINDS: [LossKind; 12] = [
    LossKind::SoftmaxCrossEntropy,
    LossKind::SigmoidCrossEntropy,
    LossKind::SoftmaxFocal { gamma: 2.0_f32.to_bits(), alpha: 0.25_f32.to_bits() },
    LossKind::SoftmaxFocal { gamma: 0.0_f32.to_bits(), alpha: 1.0_f32.to_bits() },
    LossKind::SigmoidFocal { gamma: 2.0_f32.to_bits(), alpha: 0.25_f32.to_bits() },
    LossKind::SigmoidFocal { gamma: 1.5_f32.to_bits(), alpha: 0.75_f32.to_bits() },
    LossKind::LargestMargin,
    LossKind::Margin,
    LossKind::MeanSquaredError,
    LossKind::MeanAbsoluteError,
    LossKind::Huber { delta: 0.75_f32.to_bits() },
    LossKind::Decisions { threshold: 0.25_f32.to_bits() },
];

/// The target of each output: as a class index says it, or any numbers (shares of classes, which are not
/// negative, for softmax).
fn targets_of(kind: LossKind, targets: Targets, seed: u64, labels: &[i32], classes: usize) -> Vec<f32> {
    let is_softmax = kind.judges_together();
    let of_class = |label: i32, c: usize| match classes {
        // one class among one: nothing to tell apart
        1 if is_softmax => 1.0,
        1 => label as f32,
        _ => f32::from(u8::from(c as i32 == label)),
    };
    match targets {
        Targets::Index => {
            labels.iter().flat_map(|&label| (0..classes).map(move |c| of_class(label, c))).collect()
        }
        Targets::Numbers => {
            // of focal losses probabilities; `numbers` stay below 4
            let least = if matches!(kind, LossKind::SigmoidFocal { .. }) { 0.25 } else { 1.0 };
            let is_share = is_softmax || least < 1.0;
            let number = |&t: &f32| if is_share { t.abs() * least } else { t };
            numbers(seed ^ 2, labels.len() * classes).iter().map(number).collect()
        }
    }
}

/// A target of which a share goes to all outputs alike.
fn smooth(kind: LossKind, t: f32, share: f32, classes: usize) -> f32 {
    let alike = if kind.judges_together() { 1.0 / classes as f32 } else { 0.5 };
    t * (1.0 - share) + share * alike
}

/// Loss and gradient of one image, from the definitions.
fn reference(kind: LossKind, s: &[f32], t: &[f32]) -> (f64, Vec<f64>) {
    let share = 1.0 / s.len() as f64;
    let pairs: Vec<(f64, f64)> = s.iter().zip(t).map(|(&s, &t)| (f64::from(s), f64::from(t))).collect();
    let mean = |each: &dyn Fn(f64, f64) -> (f64, f64)| {
        let (losses, slopes): (Vec<f64>, Vec<f64>) = pairs.iter().map(|&(s, t)| each(s, t)).unzip();
        (losses.iter().sum::<f64>() * share, slopes.iter().map(|slope| slope * share).collect())
    };
    match kind {
        LossKind::SoftmaxCrossEntropy => {
            let total: f64 = pairs.iter().map(|(_, t)| t).sum();
            let largest = f64::from(s.iter().copied().fold(f32::NEG_INFINITY, f32::max));
            let log = s.iter().map(|&v| (f64::from(v) - largest).exp()).sum::<f64>().ln() + largest;
            let dot: f64 = pairs.iter().map(|(s, t)| s * t).sum();
            (total * log - dot, softmax(s).iter().zip(&pairs).map(|(p, (_, t))| total * p - t).collect())
        }
        LossKind::SigmoidCrossEntropy => {
            mean(&|s, t| (s.max(0.0) - s * t + (-s.abs()).exp().ln_1p(), 1.0 / (1.0 + (-s).exp()) - t))
        }
        LossKind::SoftmaxFocal { gamma, alpha } => {
            let [gamma, alpha] = [gamma, alpha].map(|bits| f64::from(f32::from_bits(bits)));
            let largest = f64::from(s.iter().copied().fold(f32::NEG_INFINITY, f32::max));
            let log_sum = s.iter().map(|&v| (f64::from(v) - largest).exp()).sum::<f64>().ln() + largest;
            let loss = |shifted: usize, by: f64| -> f64 {
                // the softmax with one score moved, from its definition
                let score = |c: usize| pairs[c].0 + if c == shifted { by } else { 0.0 };
                let sum = (0..pairs.len()).map(|c| (score(c) - log_sum).exp()).sum::<f64>();
                let each = (0..pairs.len()).map(|c| {
                    let log = score(c) - log_sum - sum.ln();
                    let rest: f64 =
                        (0..pairs.len()).filter(|&o| o != c).map(|o| (score(o) - log_sum).exp() / sum).sum();
                    -alpha * pairs[c].1 * rest.powf(gamma) * log
                });
                each.sum()
            };
            let slope = |c: usize| (loss(c, 1e-5) - loss(c, -1e-5)) / 2e-5;
            (loss(0, 0.0), (0..pairs.len()).map(slope).collect())
        }
        LossKind::SigmoidFocal { gamma, alpha } => {
            let [gamma, alpha] = [gamma, alpha].map(|bits| f64::from(f32::from_bits(bits)));
            let loss = move |s: f64, t: f64| {
                let (p, rest) = (1.0 / (1.0 + (-s).exp()), 1.0 / (1.0 + s.exp()));
                let cross = s.max(0.0) - s * t + (-s.abs()).exp().ln_1p();
                let u = (t * rest + (1.0 - t) * p).max(1e-7);
                (t * alpha + (1.0 - t) * (1.0 - alpha)) * u.powf(gamma) * cross
            };
            mean(&|s, t| (loss(s, t), (loss(s + 1e-5, t) - loss(s - 1e-5, t)) / 2e-5))
        }
        LossKind::LargestMargin => {
            let others: Vec<f64> = pairs.iter().map(|(s, t)| (1.0 - t) * s).collect();
            let largest = others.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let distance = 1.0 + largest - pairs.iter().map(|(s, t)| s * t).sum::<f64>();
            let equals = others.iter().filter(|&&other| other == largest).count() as f64;
            let slope = |(c, (_, t)): (usize, &(f64, f64))| {
                let pushed = if others[c] == largest { (1.0 - t) / equals } else { 0.0 };
                if distance > 0.0 { pushed - t } else { 0.0 }
            };
            (distance.max(0.0), pairs.iter().enumerate().map(slope).collect())
        }
        LossKind::Margin => mean(&|s, t| {
            let y = 2.0 * t - 1.0;
            let distance = 1.0 - y * s;
            (distance.max(0.0), if distance > 0.0 { -y } else { 0.0 })
        }),
        LossKind::MeanSquaredError => mean(&|s, t| ((s - t) * (s - t), 2.0 * (s - t))),
        LossKind::MeanAbsoluteError => {
            mean(&|s, t| ((s - t).abs(), if s == t { 0.0 } else { (s - t).signum() }))
        }
        LossKind::Huber { delta } => {
            let delta = f64::from(f32::from_bits(delta));
            mean(&|s, t| {
                let e = s - t;
                let loss = if e.abs() <= delta { 0.5 * e * e } else { delta * e.abs() - 0.5 * delta * delta };
                (loss, e.clamp(-delta, delta))
            })
        }
        LossKind::Decisions { threshold } => {
            let threshold = f64::from(f32::from_bits(threshold));
            mean(&|s, t| (f64::from(u8::from((s > threshold) == (t > 0.5))), 0.0))
        }
    }
}
