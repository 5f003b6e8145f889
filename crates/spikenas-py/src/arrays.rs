//! Tensors as NumPy arrays, and back.

use std::collections::BTreeMap;

use numpy::{IxDyn, PyArray, PyArray1, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use spikenas::weights::Tensor;

use crate::error::invalid;

/// A copy of values as an array of a shape.
pub fn array<'py, T: numpy::Element>(
    py: Python<'py>,
    values: Vec<T>,
    shape: &[usize],
) -> PyResult<Bound<'py, PyArray<T, IxDyn>>> {
    PyArray1::from_vec(py, values).reshape(shape.to_vec())
}

/// Tensors by name as a dictionary of arrays.
pub fn to_arrays<'py>(py: Python<'py>, tensors: &BTreeMap<String, Tensor>) -> PyResult<Bound<'py, PyDict>> {
    let arrays = PyDict::new(py);
    for (name, Tensor { shape, values }) in tensors {
        arrays.set_item(name, array(py, values.clone(), shape)?)?;
    }
    Ok(arrays)
}

/// A dictionary of arrays of f32 as tensors by name.
pub fn to_tensors(arrays: &Bound<'_, PyDict>) -> PyResult<BTreeMap<String, Tensor>> {
    let tensor = |(name, array): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let name: String = name.extract()?;
        let array = array
            .cast::<PyArrayDyn<f32>>()
            .map_err(|_| invalid(format!("tensor `{name}` is no array of float32: give one")))?
            .clone();
        let values = array.to_vec().map_err(|_| invalid(format!("tensor `{name}` is not contiguous: copy it")))?;
        Ok((name, Tensor { shape: array.shape().to_vec(), values }))
    };
    arrays.iter().map(tensor).collect()
}
