//! Filters that are written in a file, and those that have a name.

/// The numbers of a filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// `[rows, columns]`.
    pub extents: [usize; 2],
    /// Row by row.
    pub values: Vec<f32>,
}

impl Filter {
    /// Filters that have a name: 3x3, each row of numbers divided by the last number.
    const NAMED: &'static [(&'static str, [f32; 9], f32)] = &[
        ("vertical_line", [-1.0, 2.0, -1.0, -1.0, 2.0, -1.0, -1.0, 2.0, -1.0], 1.0),
        ("horizontal_line", [-1.0, -1.0, -1.0, 2.0, 2.0, 2.0, -1.0, -1.0, -1.0], 1.0),
        ("sobel_x", [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0], 1.0),
        ("sobel_y", [-1.0, -2.0, -1.0, 0.0, 0.0, 0.0, 1.0, 2.0, 1.0], 1.0),
        ("prewitt_x", [-1.0, 0.0, 1.0, -1.0, 0.0, 1.0, -1.0, 0.0, 1.0], 1.0),
        ("prewitt_y", [-1.0, -1.0, -1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0], 1.0),
        ("laplacian", [0.0, 1.0, 0.0, 1.0, -4.0, 1.0, 0.0, 1.0, 0.0], 1.0),
        ("sharpen", [0.0, -1.0, 0.0, -1.0, 5.0, -1.0, 0.0, -1.0, 0.0], 1.0),
        ("emboss", [-2.0, -1.0, 0.0, -1.0, 1.0, 1.0, 0.0, 1.0, 2.0], 1.0),
        ("gaussian", [1.0, 2.0, 1.0, 2.0, 4.0, 2.0, 1.0, 2.0, 1.0], 16.0),
        ("mean", [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 9.0),
    ];

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMED.iter().map(|(name, ..)| *name)
    }

    /// The filter of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        let (_, values, divisor) = Self::NAMED.iter().find(|(known, ..)| *known == name)?;
        Some(Filter { extents: [3, 3], values: values.iter().map(|value| value / divisor).collect() })
    }
}
