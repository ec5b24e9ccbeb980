//! The random numbers of splits, shuffling, augmentation, initial weights and the keys of dropout: small,
//! specified here in full, the same on every machine.
//!
//! ```text
//! mix(x)          x ^= x >> 30; x *= 0xBF58476D1CE4E5B9; x ^= x >> 27; x *= 0x94D049BB133111EB; x ^= x >> 31
//! splitmix        state += 0x9E3779B97F4A7C15; the next value is mix(state)
//! seeded(s)       splitmix from state = s; its first four values are the state of xoshiro256**
//! keyed(k0, k1…)  h = 0; for each k: h = mix((h ^ k) + 0x9E3779B97F4A7C15); then seeded(h)
//! next            xoshiro256**: r = rotl(s1 * 5, 7) * 9; t = s1 << 17; s2 ^= s0; s3 ^= s1; s1 ^= s2; s0 ^= s3; s2 ^= t; s3 = rotl(s3, 45)
//! below(n)        the high 64 bits of next * n (128-bit product); drawn again while the low 64 bits are below 2^64 mod n
//! unit            (next >> 11) * 2^-53
//! normal          √(−2 ln(1 − u₁)) · cos(2π u₂), u₁ and u₂ the next two units
//! shuffle(list)   Fisher-Yates from the end: for i = len-1 down to 1: swap(i, below(i + 1))
//! ```
//! All arithmetic is modulo 2^64. Sources: Blackman and Vigna, "Scrambled linear pseudorandom number
//! generators", arXiv:1805.01407; Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
//! OOPSLA 2014; Lemire, "Fast random integer generation in an interval", arXiv:1805.10941.

/// SplitMix64's step: 2^64 divided by the golden ratio.
pub const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of SplitMix64: every bit of the result depends on every bit of `x`.
pub fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// A key made of text (a layer's path), 64-bit FNV-1a.
pub fn text_key(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// A stream of random numbers, xoshiro256**.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// The stream of one seed.
    pub fn seeded(seed: u64) -> Self {
        let mut state = seed;
        Self {
            state: std::array::from_fn(|_| {
                state = state.wrapping_add(GOLDEN);
                mix(state)
            }),
        }
    }

    /// The stream of several keys (seed, epoch, item, …): one for each combination, whatever was drawn
    /// elsewhere.
    pub fn keyed(keys: &[u64]) -> Self {
        Self::seeded(keys.iter().fold(0, |hash, key| mix((hash ^ key).wrapping_add(GOLDEN))))
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in `0..n`; 0 where `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        let rejected = n.wrapping_neg() % n; // 2^64 mod n
        loop {
            let product = u128::from(self.next_u64()) * u128::from(n);
            if product as u64 >= rejected {
                return (product >> 64) as u64;
            }
        }
    }

    /// Uniform in `[0, 1)`, 53 bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in `[low, high)`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Normal with mean 0 and deviation 1: Box-Muller, the cosine half, `√(−2 ln(1 − u₁)) · cos(2π u₂)`.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Of the distribution Beta(α, α), α above 0: the share of one of two numbers of Gamma(α) in their sum.
    /// Very small ones are no numbers any more, so it is made of their logarithms.
    pub fn beta(&mut self, alpha: f64) -> f64 {
        let (first, second) = (self.log_gamma(alpha), self.log_gamma(alpha));
        1.0 / (1.0 + (second - first).exp())
    }

    /// Logarithm of a number of the distribution Gamma(α): Marsaglia and Tsang, "A simple method for
    /// generating gamma variables", ACM TOMS 26 (2000). Below 1 by way of Gamma(α + 1): `ln G(α) = ln G(α +
    /// 1) + ln(1 − u) / α`, u drawn before.
    fn log_gamma(&mut self, alpha: f64) -> f64 {
        if alpha < 1.0 {
            let less = (1.0 - self.unit()).ln() / alpha;
            return less + self.log_gamma(alpha + 1.0);
        }
        let d = alpha - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && (1.0 - self.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return (d * v).ln();
            }
        }
    }

    /// Puts a list into random order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            let j = self.below(i as u64 + 1) as usize;
            list.swap(i, j);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix_gives_the_published_values() {
        // The first outputs of SplitMix64 from state 1234567, as published with the generator.
        let mut state = 1_234_567u64;
        let got: Vec<u64> = (0..3)
            .map(|_| {
                state = state.wrapping_add(GOLDEN);
                mix(state)
            })
            .collect();
        assert_eq!(got, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn xoshiro_gives_the_published_values() {
        // State 1, 2, 3, 4, as the reference implementation's test vector.
        let mut random = Random { state: [1, 2, 3, 4] };
        let got: Vec<u64> = (0..4).map(|_| random.next_u64()).collect();
        assert_eq!(got, [11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240]);
    }

    #[test]
    fn below_stays_below_and_meets_every_value() {
        let mut random = Random::seeded(1);
        let mut seen = [0; 7];
        for _ in 0..7000 {
            seen[random.below(7) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| (850..1150).contains(&n)), "{seen:?}");
        assert_eq!(random.below(1), 0);
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn shuffle_is_a_permutation_that_the_seed_decides() {
        let shuffled = |seed| {
            let mut list: Vec<u32> = (0..100).collect();
            Random::seeded(seed).shuffle(&mut list);
            list
        };
        assert_eq!(shuffled(42), shuffled(42));
        assert_ne!(shuffled(42), shuffled(43));
        let mut sorted = shuffled(42);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn keys_are_told_apart_by_value_and_place() {
        let first = |keys: &[u64]| Random::keyed(keys).next_u64();
        assert_ne!(first(&[1, 2]), first(&[2, 1]));
        assert_ne!(first(&[1]), first(&[1, 0]));
        assert_eq!(first(&[7, 8, 9]), first(&[7, 8, 9]));
        assert_ne!(text_key("conv2d"), text_key("conv2d_1"));
    }

    #[test]
    fn beta_has_its_moments() {
        for alpha in [0.01, 0.2, 1.0, 4.5] {
            let mut random = Random::seeded(5);
            let draws: Vec<f64> = (0..20_000).map(|_| random.beta(alpha)).collect();
            assert!(draws.iter().all(|x| (0.0..=1.0).contains(x)));
            let moment =
                |power: i32| draws.iter().map(|x| (x - 0.5).powi(power)).sum::<f64>() / draws.len() as f64;
            // symmetric; variance 1 / (4 (2α + 1)), fourth moment 3 / (16 (2α + 1) (2α + 3)); four standard
            // errors at most
            let (variance, fourth) =
                (0.25 / (2.0 * alpha + 1.0), 0.1875 / ((2.0 * alpha + 1.0) * (2.0 * alpha + 3.0)));
            assert!(
                moment(1).abs() < 0.015 && moment(3).abs() < 0.005,
                "{alpha}: {} {}",
                moment(1),
                moment(3)
            );
            assert!((moment(2) - variance).abs() < 0.003, "{alpha}: {} is not {variance}", moment(2));
            assert!((moment(4) - fourth).abs() < 0.001, "{alpha}: {} is not {fourth}", moment(4));
        }
    }

    #[test]
    fn normal_has_mean_zero_and_deviation_one() {
        let mut random = Random::seeded(3);
        let draws: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        // Standard errors: 1/√20000 = 0.007 and √(2/20000) = 0.01; four of them.
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
    }
}
