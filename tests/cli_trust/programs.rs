//! What is trained: small programs that together use all that a run remembers.

/// Trains in a blink, with a checkpoint, a log, moments, dropout and a stop.
pub(crate) const TINY: &str = "\
model Tiny {
    input(8x8x1)
    conv2d(4, 3x3, activation: relu)
    dropout(0.2)
    flatten
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 20% of train }
prepare { rescale: 1/255 }
train {
    epochs: 3
    batch: 64
    optimizer: adam(lr: 0.005)
    checkpoint(\"best.safetensors\", monitor: val_loss)
    csv_log(\"log.csv\")
    early_stopping(monitor: val_loss, patience: 3)
}
";

/// The same, with event files for TensorBoard.
pub(crate) fn logged() -> String {
    TINY.replace("csv_log(", "tensorboard\n    csv_log(")
}

/// Two phases, the second with a convolution that was frozen before, statistics of batches, and
/// pictures that are augmented and mixed.
pub(crate) const PHASES: &str = "\
model Phases {
    input(8x8x1)
    base = conv2d(4, 3x3)
    batch_norm
    relu
    flatten
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all; validation: 20% of train }
prepare { rescale: 1/255 }
augment { shift(width: 10%, height: 10%); mixup(p: 50%) }
train {
    batch: 64
    optimizer: adam(lr: 0.005)
    metrics: [accuracy, auc]
    phase head { epochs: 2; freeze: base; csv_log(\"log.csv\") }
    phase all { epochs: 2; unfreeze: base; checkpoint(\"best.safetensors\", monitor: val_loss); csv_log(\"log.csv\") }
}
";

/// No validation, momentum, a running mean of the weights, a schedule over all epochs.
pub(crate) const PLAIN: &str = "\
model Plain {
    input(8x8x1)
    flatten
    dense(32, activation: relu)
    dense(classes, activation: softmax)
}
data { source: digits; test: 20% of all }
prepare { rescale: 1/255 }
train {
    epochs: 3
    batch: 32
    optimizer: sgd(lr: 0.05, momentum: 0.9)
    schedule: cosine(warmup: 1 epochs)
    ema: 0.9
}
";

/// Small coloured pictures in a folder for each class.
pub(crate) const PICTURES: &str = "\
model Pictures {
    input(8x8x3)
    flatten
    dense(classes, activation: softmax)
}
data { source: folder(\"set\"); test: 25% of all; validation: 25% of train }
prepare { rescale: 1/255 }
train { epochs: 1; batch: 4; optimizer: sgd(lr: 0.1) }
";
