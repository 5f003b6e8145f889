use serde::{Deserialize, Serialize};

/// Mean and standard deviation of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation, with n - 1 in the denominator; nothing for one value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deviation: Option<f64>,
}

impl Spread {
    /// That of some values; nothing where there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let deviation = (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt());
        (!values.is_empty()).then_some(Self { mean, deviation })
    }

    /// `61.50 ± 2.12`, with so many decimals.
    pub fn words(self, decimals: usize) -> String {
        let deviation = self.deviation.map_or(String::new(), |d| format!(" ± {d:.decimals$}"));
        format!("{:.decimals$}{deviation}", self.mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_that_of_a_sample_and_one_value_has_none() {
        assert_eq!(Spread::of(&[60.0, 63.0]).unwrap().words(2), "61.50 ± 2.12");
        assert_eq!(Spread::of(&[2.0]), Some(Spread { mean: 2.0, deviation: None }));
        assert_eq!(Spread::of(&[]), None);
    }
}
