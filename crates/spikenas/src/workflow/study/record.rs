use serde::{Deserialize, Serialize};

use super::scenario::{Kind, Scenario};
use super::settings::Settings;
use crate::search::SearchRecord;

/// A study and its results so far: `study.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StudyRecord {
    /// Format version.
    pub version: u32,
    /// The question.
    pub study: Kind,
    /// The scale: a built-in one, or a file.
    pub scale: String,
    /// Where the images come from.
    pub data: String,
    /// Training images that were used.
    pub train_images: usize,
    /// Test images.
    pub test_images: usize,
    /// What all scenarios have in common.
    pub settings: Settings,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Threads that computed it.
    pub threads: usize,
    /// Version of the program.
    pub program: String,
    /// The scenarios that are finished, in the order of the study.
    pub results: Vec<ScenarioResult>,
}

/// The result of one scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScenarioResult {
    /// The scenario.
    pub scenario: Scenario,
    /// The winner of its search.
    pub search: SearchRecord,
    /// Seconds of the search; extrapolated where [`ScenarioResult::extrapolated_from`] says so.
    pub search_seconds: f64,
    /// Candidates that the search stands for: those of a random search may be more than were drawn.
    pub candidates: usize,
    /// Candidates that were drawn, where the time is extrapolated from fewer than the search stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extrapolated_from: Option<usize>,
    /// Test accuracy of the model in percent: that of the epoch that was chosen.
    pub accuracy: f64,
    /// Test accuracy in percent after the last epoch, where the test images choose the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_accuracy: Option<f64>,
    /// Seconds of the training, with its tests.
    pub train_seconds: f64,
    /// The earlier scenario that found the same network, where the training is that one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_as: Option<String>,
}

impl ScenarioResult {
    /// The mark before a time of the search, and before figures computed from it: `≈ ` where it is extrapolated.
    pub fn mark(&self) -> &'static str {
        if self.extrapolated_from.is_some() { "≈ " } else { "" }
    }
}

impl StudyRecord {
    /// The result of SNASNet's search, once it is there.
    pub fn baseline(&self) -> Option<&ScenarioResult> {
        self.results.iter().find(|r| r.scenario.is_baseline())
    }

    /// The results that have a training of their own, so that each network is there once.
    pub fn trained(&self) -> impl Iterator<Item = &ScenarioResult> {
        self.results.iter().filter(|r| r.trained_as.is_none())
    }
}
