//! The messages of an event file: of `event.proto`, `summary.proto`, `graph.proto` and what these use, the
//! fields that are written here.

use std::collections::BTreeMap;

/// `tensorflow.Event`
#[derive(Clone, PartialEq, prost::Message)]
pub struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    #[prost(int64, tag = "2")]
    pub step: i64,
    #[prost(oneof = "What", tags = "3, 4, 5, 7")]
    pub what: Option<What>,
}

/// What has happened.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum What {
    /// The first event of a file.
    #[prost(string, tag = "3")]
    FileVersion(String),
    /// A `GraphDef`, as bytes.
    #[prost(bytes = "vec", tag = "4")]
    Graph(Vec<u8>),
    #[prost(message, tag = "5")]
    Summary(Summary),
    #[prost(message, tag = "7")]
    Session(SessionLog),
}

/// `tensorflow.SessionLog`
#[derive(Clone, PartialEq, prost::Message)]
pub struct SessionLog {
    #[prost(enumeration = "SessionStatus", tag = "1")]
    pub status: i32,
}

/// `tensorflow.SessionLog.SessionStatus`
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum SessionStatus {
    Unspecified = 0,
    /// What other files say of this step and of later ones does not count any more.
    Start = 1,
}

/// Values of a step, by their names: `tensorflow.Summary`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Summary {
    /// One for each name.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<Value>,
}

impl Summary {
    /// Adds a number.
    pub fn push_scalar(&mut self, tag: impl Into<String>, value: f32) {
        self.push(tag.into(), OfValue::Scalar(value));
    }

    /// Adds a picture, a PNG file of so many pixels, `[height, width]`.
    pub fn push_png(&mut self, tag: impl Into<String>, [height, width]: [usize; 2], png: Vec<u8>) {
        let pixels = |side: usize| i32::try_from(side).unwrap_or(i32::MAX);
        let (height, width) = (pixels(height), pixels(width));
        self.push(tag.into(), OfValue::Image(Image { height, width, colorspace: RGBA, encoded: png }));
    }

    /// Adds how often values occur.
    pub fn push_histogram(&mut self, tag: impl Into<String>, histogram: Histogram) {
        self.push(tag.into(), OfValue::Histogram(histogram));
    }

    fn push(&mut self, tag: String, value: OfValue) {
        self.values.push(Value { tag, value: Some(value) });
    }
}

/// `tensorflow.Summary.Value`
#[derive(Clone, PartialEq, prost::Message)]
pub struct Value {
    /// Its name; what stands before the first `/` is the name of its group.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// What it is.
    #[prost(oneof = "OfValue", tags = "2, 4, 5")]
    pub value: Option<OfValue>,
}

/// A number, a picture, or many numbers.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum OfValue {
    /// A number.
    #[prost(float, tag = "2")]
    Scalar(f32),
    /// A picture.
    #[prost(message, tag = "4")]
    Image(Image),
    /// How often values occur.
    #[prost(message, tag = "5")]
    Histogram(Histogram),
}

/// What [`Image::colorspace`] is of red, green, blue and opacity.
const RGBA: i32 = 4;

/// `tensorflow.Summary.Image`
#[derive(Clone, PartialEq, prost::Message)]
pub struct Image {
    /// In pixels.
    #[prost(int32, tag = "1")]
    pub height: i32,
    /// In pixels.
    #[prost(int32, tag = "2")]
    pub width: i32,
    /// What a pixel has.
    #[prost(int32, tag = "3")]
    pub colorspace: i32,
    /// A PNG file.
    #[prost(bytes = "vec", tag = "4")]
    pub encoded: Vec<u8>,
}

/// How often values occur: `tensorflow.HistogramProto`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Histogram {
    /// The least value.
    #[prost(double, tag = "1")]
    pub min: f64,
    /// The greatest.
    #[prost(double, tag = "2")]
    pub max: f64,
    /// How many there are.
    #[prost(double, tag = "3")]
    pub num: f64,
    /// Their sum.
    #[prost(double, tag = "4")]
    pub sum: f64,
    /// The sum of their squares.
    #[prost(double, tag = "5")]
    pub sum_squares: f64,
    /// Where each bucket ends; it begins where the one before it ends.
    #[prost(double, repeated, tag = "6")]
    pub bucket_limit: Vec<f64>,
    /// Values in each bucket.
    #[prost(double, repeated, tag = "7")]
    pub bucket: Vec<f64>,
}

/// `tensorflow.GraphDef`
#[derive(Clone, PartialEq, prost::Message)]
pub struct GraphDef {
    #[prost(message, repeated, tag = "1")]
    pub nodes: Vec<NodeDef>,
}

/// `tensorflow.NodeDef`
#[derive(Clone, PartialEq, prost::Message)]
pub struct NodeDef {
    /// Its name; each `/` ends the name of a scope that it stands in.
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub op: String,
    /// Names of the nodes whose results it takes.
    #[prost(string, repeated, tag = "3")]
    pub inputs: Vec<String>,
    #[prost(string, tag = "4")]
    pub device: String,
    #[prost(btree_map = "string, message", tag = "5")]
    pub attributes: BTreeMap<String, Attribute>,
}

/// `tensorflow.AttrValue`
#[derive(Clone, PartialEq, prost::Message)]
pub struct Attribute {
    #[prost(oneof = "OfAttribute", tags = "1, 2, 3, 5")]
    pub value: Option<OfAttribute>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum OfAttribute {
    #[prost(message, tag = "1")]
    Shapes(Shapes),
    #[prost(bytes = "vec", tag = "2")]
    Text(Vec<u8>),
    #[prost(int64, tag = "3")]
    Count(i64),
    #[prost(bool, tag = "5")]
    Is(bool),
}

/// `tensorflow.AttrValue.ListValue`, of shapes.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Shapes {
    #[prost(message, repeated, tag = "7")]
    pub shapes: Vec<TensorShape>,
}

/// `tensorflow.TensorShapeProto`
#[derive(Clone, PartialEq, prost::Message)]
pub struct TensorShape {
    #[prost(message, repeated, tag = "2")]
    pub extents: Vec<Extent>,
}

/// `tensorflow.TensorShapeProto.Dim`
#[derive(Clone, PartialEq, prost::Message)]
pub struct Extent {
    /// -1 where it is open.
    #[prost(int64, tag = "1")]
    pub size: i64,
}
