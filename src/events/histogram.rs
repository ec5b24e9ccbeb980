//! How often values occur, for pictures of weights.

use super::message::Histogram;

/// Buckets of equal width between the least and the greatest value: as many as `tf.summary.histogram` makes.
const BUCKETS: usize = 30;

/// How often values occur, in [`BUCKETS`] buckets of equal width from the least value to the greatest. As
/// there, the last bucket holds its end, and of values that are all the same one bucket reaches half a unit to
/// either side. Values that are not finite are left out; `None` where there are no others.
///
/// The values are looked at twice and not copied.
pub fn histogram_of(values: &[f32]) -> Option<Histogram> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| {
        (if value < low { value } else { low }, if value > high { value } else { high })
    });
    if low > high {
        return None;
    }
    let (min, max) = (f64::from(low), f64::from(high));
    let mut counts = vec![0_u64; if min < max { BUCKETS } else { 1 }];
    let (mut sum, mut sum_squares) = (0.0, 0.0);
    let last = counts.len() - 1;
    let buckets_a_unit = if min < max { BUCKETS as f64 / (max - min) } else { 0.0 };
    for value in finite().map(f64::from) {
        sum += value;
        sum_squares += value * value;
        // a product is at least 0, and is cut off
        counts[(((value - min) * buckets_a_unit) as usize).min(last)] += 1;
    }
    let limit = |bucket: usize| match (min < max, bucket == last) {
        (true, true) => max,
        (true, false) => min + (max - min) * (bucket + 1) as f64 / BUCKETS as f64,
        (false, _) => max + 0.5,
    };
    let [least, greatest] = if min < max { [min, max] } else { [min - 0.5, max + 0.5] };
    Some(Histogram {
        min: least,
        max: greatest,
        num: counts.iter().sum::<u64>() as f64,
        sum,
        sum_squares,
        bucket_limit: (0..=last).map(limit).collect(),
        bucket: counts.into_iter().map(|count| count as f64).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fall_into_equal_buckets() {
        let values: Vec<f32> = (0..=60).map(|value| value as f32).collect();
        let found = histogram_of(&values).expect("there are values");
        assert_eq!((found.min, found.max, found.num, found.sum), (0.0, 60.0, 61.0, 1830.0));
        assert_eq!(found.sum_squares, 73810.0);
        assert_eq!(found.bucket_limit, (1..=30).map(|at| f64::from(2 * at)).collect::<Vec<_>>());
        assert_eq!(found.bucket[..29], [2.0; 29]);
        assert_eq!(found.bucket[29], 3.0, "the last holds its end");
    }

    #[test]
    fn equal_values_have_one_bucket_around_them() {
        let found = histogram_of(&[2.0; 5]).expect("there are values");
        assert_eq!((found.min, found.max, found.num), (1.5, 2.5, 5.0));
        assert_eq!((found.bucket_limit, found.bucket), (vec![2.5], vec![5.0]));
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let found = histogram_of(&[f32::NAN, 1.0, f32::INFINITY, 3.0]).expect("there are values");
        assert_eq!((found.min, found.max, found.num, found.sum), (1.0, 3.0, 2.0, 4.0));
        assert_eq!(histogram_of(&[f32::NAN]), None);
        assert_eq!(histogram_of(&[]), None);
    }

    #[test]
    fn extremes_have_their_buckets() {
        let found = histogram_of(&[f32::MIN, 0.0, f32::MAX]).expect("there are values");
        assert_eq!(found.bucket.iter().sum::<f64>(), 3.0);
        assert!(found.bucket_limit.is_sorted() && found.bucket[29] == 1.0 && found.bucket[0] == 1.0);
    }
}
