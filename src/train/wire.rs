//! Numbers and texts as bytes that travel between ranks, bit by bit as they are.

/// What is to travel, one thing behind the other.
#[derive(Debug, Default)]
pub(super) struct Packed(Vec<u8>);

impl Packed {
    pub(super) fn push_count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_le_bytes());
    }

    pub(super) fn push_flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    pub(super) fn push_float(&mut self, value: f32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn push_floats(&mut self, values: &[f32]) {
        self.push_count(values.len());
        self.0.reserve(4 * values.len());
        values.iter().for_each(|&value| self.push_float(value));
    }

    pub(super) fn push_flags(&mut self, flags: &[bool]) {
        self.push_count(flags.len());
        flags.iter().for_each(|&flag| self.push_flag(flag));
    }

    pub(super) fn push_text(&mut self, text: &str) {
        self.push_count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    /// All of it; nothing is left.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

/// What has travelled, in the order in which it was packed. `None`: it is something else.
#[derive(Debug)]
pub(super) struct Unpacked<'b>(&'b [u8]);

impl<'b> Unpacked<'b> {
    pub(super) fn of(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    fn take(&mut self, bytes: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn count(&mut self) -> Option<usize> {
        usize::try_from(u64::from_le_bytes(self.take(8)?.try_into().ok()?)).ok()
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        Some(self.take(1)? != [0])
    }

    pub(super) fn float(&mut self) -> Option<f32> {
        Some(f32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn floats(&mut self) -> Option<Vec<f32>> {
        let count = self.count()?;
        let (values, _) = self.take(count.checked_mul(4)?)?.as_chunks::<4>();
        Some(values.iter().map(|&value| f32::from_le_bytes(value)).collect())
    }

    pub(super) fn flags(&mut self) -> Option<Vec<bool>> {
        let count = self.count()?;
        Some(self.take(count)?.iter().map(|&flag| flag != 0).collect())
    }

    pub(super) fn text(&mut self) -> Option<String> {
        let count = self.count()?;
        String::from_utf8(self.take(count)?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_travels_arrives_bit_by_bit() {
        let values = [1.0, -0.0, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE / 2.0];
        let mut packed = Packed::default();
        packed.push_count(usize::MAX);
        packed.push_flag(true);
        packed.push_floats(&values);
        packed.push_flags(&[true, false]);
        packed.push_text("합성곱");
        packed.push_float(0.1);
        let bytes = packed.take();
        assert!(packed.take().is_empty());
        let mut unpacked = Unpacked::of(&bytes);
        assert_eq!((unpacked.count(), unpacked.flag()), (Some(usize::MAX), Some(true)));
        let arrived = unpacked.floats().expect("numbers");
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&arrived), bits(&values));
        assert_eq!(unpacked.flags(), Some(vec![true, false]));
        assert_eq!(unpacked.text().as_deref(), Some("합성곱"));
        assert_eq!((unpacked.float(), unpacked.flag()), (Some(0.1), None));
        // what is cut off is refused
        let mut unpacked = Unpacked::of(&bytes[..20]);
        assert_eq!(
            (unpacked.count(), unpacked.flag(), unpacked.floats()),
            (Some(usize::MAX), Some(true), None)
        );
    }
}
