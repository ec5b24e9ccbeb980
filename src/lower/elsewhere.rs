//! What other libraries say in an option of a layer, and the language says elsewhere.

/// An option of other libraries, and the sentence of E0116 that says where it belongs.
pub(super) type Elsewhere = (&'static str, &'static str);

/// Options of layers.
pub(super) const OF_LAYERS: &[Elsewhere] = &[
    ("trainable", "freeze"),
    ("frozen", "freeze"),
    ("requires_grad", "freeze"),
    ("weights", "weights"),
    ("axis", "channels"),
    ("data_format", "channels"),
    ("name", "name"),
];
