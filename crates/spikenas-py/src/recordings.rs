//! Recordings of event cameras, and the frames that they are counted into.

use std::path::PathBuf;

use numpy::{Element, PyArray1, PyArrayDyn, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use spikenas::data::events::{self, Event, FrameRule, Sensor, Split};

use crate::arrays::array;
use crate::error::{invalid, raised};

/// Columns and rows of a sensor.
type Size = (u16, u16);

/// The events of one recording: `t` in microseconds, columns `x`, rows `y`, and `p`, 1 where a pixel became brighter, of each event.
#[pyclass(frozen, module = "spikenas.events")]
pub struct Recording {
    recording: events::Recording,
}

impl Recording {
    fn column<'py, T: Element>(&self, py: Python<'py>, of: impl Fn(&Event) -> T) -> Bound<'py, PyArray1<T>> {
        PyArray1::from_vec(py, self.recording.events.iter().map(of).collect())
    }
}

#[pymethods]
impl Recording {
    /// A recording of arrays, each of whole numbers [events], and the sensor's columns and rows where they are known.
    #[new]
    #[pyo3(signature = (t, x, y, p, sensor = None))]
    fn new(
        t: &Bound<'_, PyAny>,
        x: &Bound<'_, PyAny>,
        y: &Bound<'_, PyAny>,
        p: &Bound<'_, PyAny>,
        sensor: Option<Size>,
    ) -> PyResult<Self> {
        let [t, x, y, p] = [numbers("t", t)?, numbers("x", x)?, numbers("y", y)?, numbers("p", p)?];
        let counts = [t.len(), x.len(), y.len(), p.len()];
        if counts.iter().any(|&count| count != t.len()) {
            return Err(invalid(format!("t, x, y and p of {counts:?} events: give as many of each")));
        }
        let event = |index: usize| {
            let place = [x[index], y[index]].map(u16::try_from);
            match (u64::try_from(t[index]), place, p[index]) {
                (Ok(time_us), [Ok(x), Ok(y)], 0 | 1) => Ok(Event { time_us, x, y, is_on: p[index] == 1 }),
                _ => Err(invalid(format!(
                    "event {}: t {}, x {}, y {}, p {}: none that a camera has",
                    index + 1,
                    t[index],
                    x[index],
                    y[index],
                    p[index]
                ))),
            }
        };
        let events = (0..t.len()).map(event).collect::<PyResult<Vec<Event>>>()?;
        Ok(Self { recording: events::Recording { sensor: sensor.map(to_sensor), events } })
    }

    /// Reads a file, of a format that its name and its first bytes tell: .aedat, .aedat4, .bin, .dat, .npz or .raw.
    #[staticmethod]
    fn read(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let recording = py.detach(|| events::Recording::read(&path)).map_err(raised)?;
        Ok(Self { recording })
    }

    /// Times in microseconds, int64 [events].
    #[getter]
    fn t<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        self.column(py, |event| event.time_us as i64)
    }

    /// Columns, uint16 [events].
    #[getter]
    fn x<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u16>> {
        self.column(py, |event| event.x)
    }

    /// Rows, uint16 [events].
    #[getter]
    fn y<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u16>> {
        self.column(py, |event| event.y)
    }

    /// 1 where a pixel became brighter, 0 where it became darker, uint8 [events].
    #[getter]
    fn p<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<u8>> {
        self.column(py, |event| event.is_on.into())
    }

    /// Columns and rows of the sensor, where the file says; None elsewhere.
    #[getter]
    fn sensor(&self) -> Option<Size> {
        self.recording.sensor.map(|sensor| (sensor.width, sensor.height))
    }

    /// Counts of events, uint32 [frames, 2, rows, columns]: channel 0 has what became darker, channel 1 what became brighter.
    ///
    /// `split`: "number" gives each frame as many events, "time" as long a time; the last has the rest, too. `scale` pixels of a side are
    /// added up to one. `merge` counts both polarities in one channel. `sensor`: columns and rows, where the file does not say.
    #[pyo3(signature = (frames, split = "number", scale = 1, merge = false, sensor = None))]
    fn frames<'py>(
        &self,
        py: Python<'py>,
        frames: usize,
        split: &str,
        scale: u16,
        merge: bool,
        sensor: Option<Size>,
    ) -> PyResult<Bound<'py, PyArrayDyn<u32>>> {
        let split = match split {
            "number" => Split::Number,
            "time" => Split::Time,
            _ => return Err(raised(spikenas::Error::unknown("split", split, ["number", "time"]))),
        };
        let sensor = sensor.map(to_sensor).or(self.recording.sensor);
        let sensor = sensor.ok_or_else(|| {
            let Sensor { width, height } = self.recording.extent();
            let extent = format!("the events lie within ({width}, {height})");
            invalid(format!(
                "the recording does not say how large the sensor is ({extent}): give sensor=(columns, rows)"
            ))
        })?;
        let rule = FrameRule { frames, split, sensor, scale, merges_polarities: merge };
        let counts = py.detach(|| rule.count(&self.recording)).map_err(raised)?;
        let [channels, rows, columns] = rule.shape();
        array(py, counts, &[frames, channels, rows, columns])
    }

    /// The number of events.
    fn __len__(&self) -> usize {
        self.recording.events.len()
    }

    fn __repr__(&self) -> String {
        let size = match self.recording.sensor {
            Some(Sensor { width, height }) => format!(" of {width}x{height} pixels"),
            None => String::new(),
        };
        format!("Recording({} events{size})", self.recording.events.len())
    }
}

fn to_sensor((width, height): Size) -> Sensor {
    Sensor { width, height }
}

/// An array of whole numbers, of any type of them.
fn numbers(name: &str, values: &Bound<'_, PyAny>) -> PyResult<Vec<i64>> {
    let wrong = |_| invalid(format!("{name}: give an array of whole numbers [events]"));
    let casting = PyDict::new(values.py());
    casting.set_item("casting", "same_kind")?;
    let numpy = values.py().import("numpy")?;
    let array = numpy.call_method1("asarray", (values,)).map_err(wrong)?;
    let array = array.call_method("astype", ("int64",), Some(&casting)).map_err(wrong)?;
    let array = array.cast::<PyArray1<i64>>().map_err(|_| invalid(format!("{name}: give one dimension")))?;
    Ok(array.readonly().as_array().to_vec())
}
