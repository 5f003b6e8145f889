use serde::Serialize;

use super::definition::Tabulation;
use super::draw::Drawn;
use crate::{Error, Result, Spread};

/// A row of a table: an architecture and the test accuracies of its trainings so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableRow {
    /// The architecture.
    pub drawn: Drawn,
    /// Test accuracy in percent by seed, in the order of the seeds; those that are trained.
    pub accuracies: Vec<f64>,
}

impl TableRow {
    /// Mean test accuracy in percent over the trained seeds, and its deviation; nothing before the first.
    pub fn accuracy(&self) -> Option<Spread> {
        Spread::of(&self.accuracies)
    }
}

/// The rows with a training as comma-separated values: `architecture`, `space` (its operations), the parameters of `backbone`,
/// `classifier` and `network`, `test_acc` (percent, mean over the seeds), `deviation` (empty with one seed), `seeds` (trained so far), and
/// `test_acc_seedN` for each.
pub(super) fn csv(table: &Tabulation, rows: &[TableRow]) -> Result<String> {
    let unwritable = |e: String| Error::invalid(format!("the table cannot be written ({e})"));
    let heads = ["architecture", "space", "backbone", "classifier", "network", "test_acc", "deviation", "seeds"];
    let seeds = (0..table.seeds).map(|index| format!("test_acc_seed{}", table.seed(index)));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(heads.map(String::from).into_iter().chain(seeds)).map_err(|e| unwritable(e.to_string()))?;
    for row in rows {
        let Some(Spread { mean, deviation }) = row.accuracy() else { continue };
        let Drawn { architecture, space, parameters } = &row.drawn;
        let operations: Vec<&str> = table.spaces[*space].iter().map(|operation| operation.name()).collect();
        let number = |value: Option<&f64>| value.map_or(String::new(), f64::to_string);
        let fields = [
            architecture.to_string(),
            operations.join(" "),
            parameters.backbone.to_string(),
            parameters.classifier.to_string(),
            parameters.network.to_string(),
            mean.to_string(),
            number(deviation.as_ref()),
            row.accuracies.len().to_string(),
        ];
        let accuracies = (0..table.seeds).map(|index| number(row.accuracies.get(index)));
        writer.write_record(fields.into_iter().chain(accuracies)).map_err(|e| unwritable(e.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|e| unwritable(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| unwritable(e.to_string()))
}
