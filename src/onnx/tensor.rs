//! Values of ONNX tensors.

use half::{bf16, f16};

use super::proto::{DataLocation, DataType, TensorProto};

/// Whether a tensor holds floating-point numbers that [`floats`] reads.
pub fn is_floating(tensor: &TensorProto) -> bool {
    matches!(
        DataType::try_from(tensor.data_type),
        Ok(DataType::Float | DataType::Double | DataType::Float16 | DataType::Bfloat16)
    )
}

/// Extents of a tensor.
/// # Errors
/// In words, where one is negative, or there are more elements than memory could hold.
pub fn extents(tensor: &TensorProto) -> Result<Vec<usize>, String> {
    let extents: Option<Vec<usize>> =
        tensor.dims.iter().map(|&extent| usize::try_from(extent).ok()).collect();
    let countable = |extents: &Vec<usize>| {
        let elements = extents.iter().try_fold(1_usize, |all, &extent| all.checked_mul(extent));
        elements.is_some_and(|elements| elements < 1 << 40)
    };
    extents.filter(countable).ok_or_else(|| format!("its shape {:?} is none", tensor.dims))
}

/// The numbers of a tensor, each rounded once.
/// # Errors
/// In words: other kinds of elements, another number of them than its extents say, values in another file.
pub fn floats(tensor: &TensorProto) -> Result<Vec<f32>, String> {
    let elements: usize = extents(tensor)?.iter().product();
    if tensor.data_location == DataLocation::External as i32 || !tensor.external_data.is_empty() {
        return Err("its values are in another file: save the model in one piece".to_owned());
    }
    let kind = DataType::try_from(tensor.data_type).unwrap_or(DataType::Undefined);
    let values: Vec<f32> = match (kind, &tensor.raw_data) {
        (DataType::Float, Some(raw)) => {
            raw.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect()
        }
        (DataType::Float, None) => tensor.float_data.clone(),
        (DataType::Double, Some(raw)) => {
            raw.as_chunks().0.iter().map(|&eight| f64::from_le_bytes(eight) as f32).collect()
        }
        (DataType::Double, None) => tensor.double_data.iter().map(|&value| value as f32).collect(),
        (DataType::Float16, Some(raw)) => {
            raw.as_chunks().0.iter().map(|&two| f16::from_le_bytes(two).to_f32()).collect()
        }
        (DataType::Bfloat16, Some(raw)) => {
            raw.as_chunks().0.iter().map(|&two| bf16::from_le_bytes(two).to_f32()).collect()
        }
        // 16 bits each, in an integer of 32
        (DataType::Float16, None) => {
            tensor.int32_data.iter().map(|&bits| f16::from_bits(bits as u16).to_f32()).collect()
        }
        (DataType::Bfloat16, None) => {
            tensor.int32_data.iter().map(|&bits| bf16::from_bits(bits as u16).to_f32()).collect()
        }
        (other, _) => return Err(format!("it holds {other:?} values, and no floating-point numbers")),
    };
    if values.len() == elements {
        return Ok(values);
    }
    Err(format!("its shape {:?} has {elements} elements, and it holds {}", tensor.dims, values.len()))
}

/// Whether a tensor holds whole numbers or truth values that [`ints`] reads.
pub fn is_whole(tensor: &TensorProto) -> bool {
    matches!(
        DataType::try_from(tensor.data_type),
        Ok(DataType::Int64
            | DataType::Int32
            | DataType::Int16
            | DataType::Int8
            | DataType::Uint8
            | DataType::Uint16
            | DataType::Uint32
            | DataType::Bool)
    )
}

/// The whole numbers of a tensor; truth values as 0 and 1.
/// # Errors
/// As [`floats`].
pub fn ints(tensor: &TensorProto) -> Result<Vec<i64>, String> {
    let elements: usize = extents(tensor)?.iter().product();
    if tensor.data_location == DataLocation::External as i32 || !tensor.external_data.is_empty() {
        return Err("its values are in another file: save the model in one piece".to_owned());
    }
    let kind = DataType::try_from(tensor.data_type).unwrap_or(DataType::Undefined);
    let raw = tensor.raw_data.as_deref();
    let values: Vec<i64> = match (kind, raw) {
        (DataType::Int64, Some(raw)) => {
            raw.as_chunks().0.iter().map(|&eight| i64::from_le_bytes(eight)).collect()
        }
        (DataType::Int64, None) => tensor.int64_data.clone(),
        (DataType::Int32, Some(raw)) => {
            raw.as_chunks().0.iter().map(|&four| i32::from_le_bytes(four).into()).collect()
        }
        (DataType::Uint32, Some(raw)) => {
            raw.as_chunks().0.iter().map(|&four| u32::from_le_bytes(four).into()).collect()
        }
        (DataType::Int16, Some(raw)) => {
            raw.as_chunks().0.iter().map(|&two| i16::from_le_bytes(two).into()).collect()
        }
        (DataType::Uint16, Some(raw)) => {
            raw.as_chunks().0.iter().map(|&two| u16::from_le_bytes(two).into()).collect()
        }
        (DataType::Int8, Some(raw)) => raw.iter().map(|&byte| i64::from(byte.cast_signed())).collect(),
        (DataType::Uint8 | DataType::Bool, Some(raw)) => raw.iter().map(|&byte| byte.into()).collect(),
        (
            DataType::Int32
            | DataType::Int16
            | DataType::Int8
            | DataType::Uint8
            | DataType::Uint16
            | DataType::Bool,
            None,
        ) => tensor.int32_data.iter().map(|&value| value.into()).collect(),
        (DataType::Uint32, None) => {
            tensor.uint64_data.iter().map(|&value| i64::try_from(value).unwrap_or(i64::MAX)).collect()
        }
        (other, _) => return Err(format!("it holds {other:?} values, and no whole numbers")),
    };
    if values.len() == elements {
        return Ok(values);
    }
    Err(format!("its shape {:?} has {elements} elements, and it holds {}", tensor.dims, values.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(kind: DataType, dims: &[i64]) -> TensorProto {
        TensorProto { data_type: kind as i32, dims: dims.to_vec(), ..TensorProto::default() }
    }

    #[test]
    fn numbers_are_read_from_bytes_and_from_lists() {
        let raw = |bytes: &'static [u8]| Some(prost::bytes::Bytes::from_static(bytes));
        let float =
            TensorProto { raw_data: raw(&[0, 0, 128, 63, 0, 0, 0, 192]), ..tensor(DataType::Float, &[2]) };
        assert_eq!(floats(&float), Ok(vec![1.0, -2.0]));
        let listed = TensorProto { float_data: vec![3.5], ..tensor(DataType::Float, &[]) };
        assert_eq!(floats(&listed), Ok(vec![3.5]));
        let half = TensorProto { int32_data: vec![0x3c00], ..tensor(DataType::Float16, &[1, 1]) };
        assert_eq!(floats(&half), Ok(vec![1.0]));
        let brain = TensorProto { raw_data: raw(&[0x80, 0x3f]), ..tensor(DataType::Bfloat16, &[1]) };
        assert_eq!(floats(&brain), Ok(vec![1.0]));
    }

    #[test]
    fn what_is_not_there_is_refused() {
        for wrong in [
            tensor(DataType::Float, &[2]),
            tensor(DataType::Float, &[-1]),
            tensor(DataType::Float, &[1 << 30, 1 << 30]),
            tensor(DataType::Int64, &[0]),
            TensorProto { data_location: 1, ..tensor(DataType::Float, &[0]) },
        ] {
            assert!(floats(&wrong).is_err(), "{wrong:?}");
        }
    }
}
