//! Convolutions in tests.

use proptest::prelude::*;

use crate::desc::{ConvDesc, ConvGradWeightDesc, Epilogue, PoolEpilogue, Rank, TileActivation};
use crate::tensor::{Axis, Layout, Padding, Window};

/// A convolution and how its tensors lie.
#[derive(Debug, Clone)]
pub(in crate::kernel) struct Case {
    pub(in crate::kernel) input: [usize; 2],
    pub(in crate::kernel) kernel_size: [usize; 2],
    pub(in crate::kernel) stride: [usize; 2],
    pub(in crate::kernel) dilation: [usize; 2],
    pub(in crate::kernel) padding: Padding,
    pub(in crate::kernel) groups: usize,
    /// Channels per group, in and out.
    pub(in crate::kernel) channels: [usize; 2],
    pub(in crate::kernel) epilogue: Epilogue,
    pub(in crate::kernel) winners: bool,
    /// A feature map is added; not where there are groups or a pool.
    pub(in crate::kernel) residual: bool,
    pub(in crate::kernel) count: usize,
    /// Elements of other tensors behind each pixel, of what is read and of what is written.
    pub(in crate::kernel) neighbours: [usize; 2],
    /// Zeros around the input beyond those needed.
    pub(in crate::kernel) extra_halo: usize,
    pub(in crate::kernel) seed: u64,
}

impl Case {
    pub(in crate::kernel) fn new(input: [usize; 2], kernel: usize, channels: [usize; 2]) -> Self {
        Self {
            input,
            kernel_size: [kernel; 2],
            stride: [1; 2],
            dilation: [1; 2],
            padding: Padding::Same,
            groups: 1,
            channels,
            epilogue: Epilogue::default(),
            winners: false,
            residual: false,
            count: 2,
            neighbours: [0; 2],
            extra_halo: 0,
            seed: 1,
        }
    }

    fn window(&self) -> Option<Window> {
        Window::resolve(self.input, self.kernel_size, self.stride, self.dilation, self.padding).ok()
    }

    pub(in crate::kernel) fn forward(&self) -> Option<ConvDesc> {
        let window = self.window()?;
        let [ci, co] = self.channels.map(|c| c * self.groups);
        let halo = window.halo().map(|side| side + self.extra_halo);
        let input = slice(Layout::with_halo(self.input[0], self.input[1], ci + self.neighbours[0], halo), ci);
        let (mut height, mut width) = (window.y.output, window.x.output);
        let mut epilogue = self.epilogue;
        if epilogue.pool.is_some() {
            (height, width) = (height / 2, width / 2);
            let layout = slice(Layout::with_halo(height, width, co + 3, [0, 1, 0, 0]), co);
            epilogue.pool = Some(PoolEpilogue { winners: self.winners.then_some(layout) });
        }
        let output = slice(Layout::with_halo(height, width, co + self.neighbours[1], [1, 0, 0, 2]), co);
        if self.residual && self.groups == 1 && epilogue.pool.is_none() {
            epilogue.residual =
                Some(slice(Layout::with_halo(height, width, co + 2 * self.neighbours[1], [0, 1, 2, 0]), co));
        }
        Some(ConvDesc {
            window,
            groups: self.groups,
            input,
            output,
            epilogue,
            grad_input: false,
            block: None,
            images: self.count,
            rank: Rank::default(),
        })
    }

    pub(in crate::kernel) fn grad_input(&self) -> Option<ConvDesc> {
        let window = self.window()?;
        let [ci, co] = self.channels.map(|c| c * self.groups);
        let halo = ConvDesc::gradient_halo(&window).map(|side| side + self.extra_halo);
        let (height, width) = (window.y.output, window.x.output);
        let input = slice(Layout::with_halo(height, width, co + self.neighbours[0], halo), co);
        let output =
            slice(Layout::with_halo(self.input[0], self.input[1], ci + self.neighbours[1], [0, 2, 1, 0]), ci);
        let epilogue = Epilogue::default();
        let (groups, images) = (self.groups, self.count);
        Some(ConvDesc {
            window,
            groups,
            input,
            output,
            epilogue,
            grad_input: true,
            block: None,
            images,
            rank: Rank::default(),
        })
    }

    pub(in crate::kernel) fn grad_weight(&self) -> Option<ConvGradWeightDesc> {
        let window = self.window()?;
        let [ci, co] = self.channels.map(|c| c * self.groups);
        let halo = window.halo().map(|side| side + self.extra_halo);
        let input = slice(Layout::with_halo(self.input[0], self.input[1], ci + self.neighbours[0], halo), ci);
        let grad = Layout::with_halo(window.y.output, window.x.output, co + self.neighbours[1], [1, 0, 0, 2]);
        let tap_rows = ci / self.groups;
        Some(ConvGradWeightDesc {
            window,
            groups: self.groups,
            input,
            grad: slice(grad, co),
            tap_rows,
            cut: 0,
        })
    }
}

/// The first channels of a wider buffer.
fn slice(wide: Layout, channels: usize) -> Layout {
    Layout { channels, ..wide }
}

/// The input position of a tap, if it lies in the image.
fn tap(axis: &Axis, o: usize, k: usize) -> Option<usize> {
    (o * axis.stride + k * axis.dilation).checked_sub(axis.pad_before).filter(|&i| i < axis.input)
}

/// All products of a convolution: `visit(oy, ox, ky, kx, iy, ix)`.
pub(in crate::kernel) fn for_taps(
    window: &Window,
    mut visit: impl FnMut([usize; 2], [usize; 2], [usize; 2]),
) {
    for oy in 0..window.y.output {
        for ox in 0..window.x.output {
            for ky in 0..window.y.kernel_size {
                for kx in 0..window.x.kernel_size {
                    if let (Some(iy), Some(ix)) = (tap(&window.y, oy, ky), tap(&window.x, ox, kx)) {
                        visit([oy, ox], [ky, kx], [iy, ix]);
                    }
                }
            }
        }
    }
}

/// Random ones. Windows that do not fit their image are among them; nothing is checked for those.
pub(in crate::kernel) fn cases() -> impl Strategy<Value = Case> {
    let padding =
        prop_oneof![Just(Padding::Same), Just(Padding::Valid), (0..4usize).prop_map(Padding::Explicit)];
    let activation = prop_oneof![
        Just(None),
        Just(Some(TileActivation::Relu)),
        Just(Some(TileActivation::LeakyRelu(0x3E80_0000))),
        Just(Some(TileActivation::ClippedRelu(0x40C0_0000)))
    ];
    let epilogue = (any::<bool>(), any::<bool>(), activation).prop_map(|(pool, bias, activation)| Epilogue {
        pool: pool.then_some(PoolEpilogue { winners: None }),
        bias,
        residual: None,
        activation,
    });
    let channels = prop::sample::select(vec![1, 2, 3, 5, 8, 10, 16, 17, 31, 40]);
    let geometry = ([1..14usize, 1..14], [1..6usize, 1..6], [1..4usize, 1..4], [1..3usize, 1..3], padding);
    let memory = (0..4usize, [0..7usize, 0..7], 0..3usize);
    let groups = prop::sample::select(vec![1, 1, 1, 2, 3]);
    (geometry, groups, [channels.clone(), channels], epilogue, any::<[bool; 2]>(), memory, any::<u64>())
        .prop_map(
            |(
                geometry,
                groups,
                channels,
                epilogue,
                [winners, residual],
                (count, neighbours, extra_halo),
                seed,
            )| {
                let (input, kernel_size, stride, dilation, padding) = geometry;
                Case {
                    input,
                    kernel_size,
                    stride,
                    dilation,
                    padding,
                    groups,
                    channels,
                    epilogue,
                    winners,
                    residual,
                    count,
                    neighbours,
                    extra_halo,
                    seed,
                }
            },
        )
}
