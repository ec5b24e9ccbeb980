//! Values by formula: what stands for the weights and images of the large models.

use serde::Deserialize;

use crate::engine::Tensor;

/// `h >> 8` of the formula in `tests/golden/make_golden.py`: 24 bits that depend on an element's index and
/// its tensor's number. Source of the mixing: C. Wellons, "Prospecting for hash functions" (lowbias32).
pub(crate) fn hashed(i: u32, k: u32) -> u32 {
    let mut h =
        i.wrapping_mul(0x9E37_79B1).wrapping_add(k.wrapping_mul(0x85EB_CA77)).wrapping_add(0x2722_0A95);
    h ^= h >> 16;
    h = h.wrapping_mul(0x7FEB_352D);
    h ^= h >> 15;
    h = h.wrapping_mul(0x846C_A68B);
    h ^= h >> 16;
    h >> 8
}

/// A tensor by formula: `center + scale · (h · 2⁻²³ − 1)`, in f32.
#[derive(Debug, Deserialize)]
pub(crate) struct Formula {
    /// `LAYER.VARIABLE`; none for the images.
    #[serde(default)]
    pub(crate) name: String,
    /// Extents.
    pub(crate) shape: Vec<usize>,
    /// The tensor's number.
    pub(crate) k: u32,
    /// Middle of the range.
    pub(crate) center: f32,
    /// Half of the range.
    pub(crate) scale: f32,
}

impl Formula {
    /// Its values. Product and sum are rounded one by one: Rust fuses nothing by itself.
    pub(crate) fn tensor(&self) -> Tensor {
        let count: usize = self.shape.iter().product();
        let count = u32::try_from(count).expect("the formula counts in 32 bits");
        let step = 1.0 / 8_388_608.0;
        // 24 bits are exact in f32, and so are the product with a power of two and the difference
        let values =
            (0..count).map(|i| self.center + self.scale * (hashed(i, self.k) as f32 * step - 1.0)).collect();
        Tensor { shape: self.shape.clone(), values }
    }
}

#[test]
fn values_are_those_of_the_script() {
    assert_eq!([hashed(0, 0), hashed(1, 0), hashed(7, 3)], [9_066_526, 13_399_561, 10_742_916]);
    let formula = Formula { name: String::new(), shape: vec![2], k: 5, center: 1.0, scale: 0.25 };
    assert_eq!(formula.tensor().values, [0.849_758, 1.206_289]);
}
