use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::IgnoredAny;

use super::config::RunConfig;
use super::evaluation::EvaluationRecord;
use crate::cost::Ledger;
use crate::graph::{Graph, Shape};
use crate::progress::Progress;
use crate::record::{
    append_line, begin_record, comparable, files, list_differences, lock_folder, read_lines, read_record_if_there,
    shards_folder, share_folder, write_lines, write_record,
};
use crate::search::{Front, SearchRecord};
use crate::train::{Checkpoint, EpochRecord};
use crate::{Error, Result};

/// What is said of a folder that holds something else.
const NO_RUN: &str = "is not empty and holds no run: choose another folder";

/// A run folder: `config.toml`, `journal.jsonl`, `search.json`, `train.jsonl`, `checkpoint/`, `model.safetensors`,
/// `trained.json`, `evaluate.json`, and `supernet/` of a search that trains one.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Held while this process writes here.
    _lock: Option<Arc<File>>,
}

impl RunFolder {
    /// Opens a folder for a configuration, or makes it.
    ///
    /// Where the folder holds another configuration, the error says what differs. As long as nothing was learned, the settings of
    /// the training may change; as long as nothing was scored either, all may. `progress` is told where the file system
    /// cannot keep other processes from writing here.
    pub fn open(path: &Path, config: &RunConfig, progress: &mut dyn Progress) -> Result<Self> {
        files::create_folder(path)?;
        let folder = Self::locked(path, lock_folder(path)?, progress);
        if files::is_there(&folder.config_path())? {
            let old = RunConfig::load(&folder.config_path())?;
            let differences = old.differences(config)?;
            let only_training = differences.iter().all(|d| is_of_training(d));
            // Of a training that has begun, the images may not change, and once it has learned anything, nothing may.
            let has_begun = !differences.is_empty() && files::is_there(&folder.checkpoint_path())?;
            let has_learned = has_begun && Checkpoint::has_learned(&folder.checkpoint_path())?;
            let outgrown = !differences.is_empty() && folder.outgrows_supernet(&old, config)?;
            let has_other_images = has_begun && differences.iter().any(|d| is_of_images(d));
            let has_answers = files::is_there(&folder.answers_path())?;
            let is_free = !has_learned && !outgrown && !has_other_images && !has_answers && !folder.has_trained()?;
            let may_change = differences.is_empty() || is_free && (only_training || folder.is_unused()?);
            if !may_change {
                return Err(folder.refusal(config, &differences)?);
            }
            if has_begun {
                folder.drop_checkpoint()?;
            }
            if !differences.is_empty() && folder.search_record()?.is_none() {
                // They were trained in another way.
                folder.drop_finalists()?;
            }
            if !only_training && files::is_there(&folder.journal_path())? {
                // Its header is that of the old configuration.
                files::remove(&folder.journal_path())?;
            }
        } else if !files::is_unused(path, "config.toml")? {
            return Err(Error::file(path, NO_RUN));
        }
        config.save(&folder.config_path())?;
        Ok(folder)
    }

    /// Opens a folder for a configuration, or makes it, for one of several processes that work in it together: each keeps what it
    /// writes apart from the others'. As long as they do, none can [`open`](Self::open) it.
    ///
    /// Errors: those of [`open`](Self::open), and every difference that is one of more than the training.
    pub fn open_shared(path: &Path, config: &RunConfig, progress: &mut dyn Progress) -> Result<Self> {
        files::create_folder(path)?;
        let folder = Self::locked(path, share_folder(path)?, progress);
        let place = folder.config_path();
        if !files::is_there(&place)? {
            // Another may be making it at this moment.
            if !files::is_unused(path, "config.toml")? && !files::is_there(&place)? {
                return Err(Error::file(path, NO_RUN));
            }
            begin_record(|| files::is_there(&place), || config.save(&place))?;
        }
        let differences = RunConfig::load(&place)?.differences(config)?;
        if differences.is_empty() {
            return Ok(folder);
        }
        let has_begun = files::is_there(&folder.checkpoint_path())? || folder.has_trained()?;
        if has_begun || files::is_there(&folder.answers_path())? || !differences.iter().all(|d| is_of_training(d)) {
            return Err(folder.refusal(config, &differences)?);
        }
        let is_same = || RunConfig::load(&place)?.differences(config).map(|differences| differences.is_empty());
        begin_record(is_same, || config.save(&place))?;
        Ok(folder)
    }

    /// A folder that is locked; tells where the file system cannot.
    fn locked(path: &Path, (lock, warning): (Option<File>, Option<String>), progress: &mut dyn Progress) -> Self {
        warning.iter().for_each(|warning| progress.note(warning));
        Self { path: path.to_path_buf(), _lock: lock.map(Arc::new) }
    }

    /// Why a configuration that differs from the folder's may not be written over it, and the ways out.
    fn refusal(&self, config: &RunConfig, differences: &[String]) -> Result<Error> {
        let (epochs, done) = (config.train.epochs, self.epochs()?.len());
        let has_other_epochs = matches!(differences, [only] if only.starts_with("train.epochs "));
        let way_out = if has_other_epochs && (1..=epochs).contains(&done) {
            format!("resume its training with epochs {epochs}, choose another folder or repeat the options")
        } else if differences.iter().any(|d| is_of_images(d)) {
            "choose another folder or bring those back".into()
        } else {
            "choose another folder or repeat the options".into()
        };
        let differences = differences.join(", ");
        Ok(Error::file(&self.path, format!("belongs to another configuration ({differences}): {way_out}")))
    }

    /// A folder that is only read.
    pub(super) fn unlocked(path: &Path) -> Self {
        Self { path: path.to_path_buf(), _lock: None }
    }

    /// A folder that holds a run, and its configuration, with the sizes that its search has chosen.
    pub fn existing(path: &Path) -> Result<(Self, RunConfig)> {
        let folder = Self::unlocked(path);
        if !files::is_there(path)? {
            return Err(Error::file(path, "there is no such run: list the runs there are"));
        }
        if !files::is_there(&folder.config_path())? {
            if files::is_there(&path.join("seeds.toml"))? {
                return Err(Error::file(
                    path,
                    "holds runs of several seeds: name one of them, such as its folder seed-1",
                ));
            }
            return Err(Error::file(path, "holds no run: there is no config.toml: list the runs there are"));
        }
        let config = RunConfig::load(&folder.config_path())?;
        let config = match (&config.search.layout, folder.search_record()?) {
            (Some(_), Some(record)) => config.settled(&record),
            _ => config,
        };
        Ok((folder, config))
    }

    /// Whether no search has begun: no result, no shards, and at most the header of a journal.
    fn is_unused(&self) -> Result<bool> {
        let journal = files::read_if_there(&self.journal_path())?.unwrap_or_default();
        let lines = journal.iter().filter(|&&byte| byte == b'\n').count();
        let is_shared = files::is_there(&shards_folder(&self.journal_path()))?;
        Ok(lines <= 1 && !is_shared && !files::is_there(&self.search_path())?)
    }

    /// The first of `path`, `path-2`, … `path-1000` that does not exist or holds a run of this very configuration.
    ///
    /// Errors: there is none, or the system cannot tell whether a folder exists.
    pub fn free_or_same(path: &Path, config: &RunConfig) -> Result<PathBuf> {
        Self::free_or_holding(path, "config.toml", config)
    }

    /// The same for a folder whose file of this name is the configuration.
    pub(in crate::workflow) fn free_or_holding(path: &Path, name: &str, config: &RunConfig) -> Result<PathBuf> {
        /// More would be an accident, and take a while to look through.
        const MOST: u32 = 1000;
        let is_same = |candidate: &Path| {
            RunConfig::load(&candidate.join(name)).and_then(|old| old.differences(config)).is_ok_and(|d| d.is_empty())
        };
        for number in 1..=MOST {
            let candidate = match number {
                1 => path.to_path_buf(),
                _ => PathBuf::from(format!("{}-{number}", path.display())),
            };
            if !files::is_there(&candidate)? || is_same(&candidate) {
                return Ok(candidate);
            }
        }
        Err(Error::file(path, format!("and {} others like it are taken: choose another folder", MOST - 1)))
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `config.toml`
    pub fn config_path(&self) -> PathBuf {
        self.path.join("config.toml")
    }

    /// `journal.jsonl`: a line per scored candidate.
    pub fn journal_path(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// `model.safetensors`: the weights with the best test accuracy so far.
    pub fn model_path(&self) -> PathBuf {
        self.path.join("model.safetensors")
    }

    /// `checkpoint/last.safetensors`: where a training resumes.
    pub fn checkpoint_path(&self) -> PathBuf {
        self.path.join("checkpoint").join("last.safetensors")
    }

    /// `tensorboard/`: event files, with `--tensorboard`.
    pub fn events_path(&self) -> PathBuf {
        self.path.join("tensorboard").join("events.out.tfevents.0.spikenas")
    }

    /// `finalists.jsonl`: a line per short training of a search that chooses the sizes of the network; `finalists-2.jsonl` and so on
    /// under the second of several limits and those after it, counted from 0.
    pub fn finalists_path(&self, limit: usize) -> PathBuf {
        self.path.join(match limit {
            0 => "finalists.jsonl".into(),
            _ => format!("finalists-{}.jsonl", limit + 1),
        })
    }

    /// Removes the short trainings under all limits.
    fn drop_finalists(&self) -> Result<()> {
        // A limit with one choice of sizes has none.
        for path in (0..Front::MOST_LIMITS).map(|limit| self.finalists_path(limit)) {
            if files::is_there(&path)? {
                files::remove(&path)?;
            }
        }
        Ok(())
    }

    /// `front/`: a run folder per network, where a search has several answers.
    pub fn answers_path(&self) -> PathBuf {
        self.path.join("front")
    }

    fn search_path(&self) -> PathBuf {
        self.path.join("search.json")
    }

    /// `train.jsonl`: a line per epoch.
    pub fn epochs_path(&self) -> PathBuf {
        self.path.join("train.jsonl")
    }

    /// The result of the search, once it is finished.
    pub fn search_record(&self) -> Result<Option<SearchRecord>> {
        read_record_if_there(&self.search_path())
    }

    /// The result of the search, once it is finished, for images of a shape.
    ///
    /// Errors: a record that says something else than the configuration, or than its architecture has.
    pub fn winner(&self, config: &RunConfig, input: Shape) -> Result<Option<SearchRecord>> {
        let Some(record) = self.search_record()? else { return Ok(None) };
        let limits = config.by_limit();
        let answers =
            limits.iter().skip(1).zip(&record.answers).map(|(config, answer)| expected(answer, config, input));
        let expected = SearchRecord { answers: answers.collect::<Result<_>>()?, ..expected(&record, config, input)? };
        let mut differences = list_differences(&comparable(&record)?, &comparable(&expected)?);
        let (found, asked) = (record.answers.len(), limits.len() - 1);
        differences.extend((found != asked).then(|| format!("answers {found} -> {asked}")));
        if differences.is_empty() {
            return Ok(Some(record));
        }
        let reason = format!(
            "is not of this configuration and architecture ({}): remove it to search again",
            differences.join(", ")
        );
        Err(Error::file(self.search_path(), reason))
    }

    /// What to say of a journal that has fewer candidates than its finished search scored, or that cannot be read. The result does not
    /// depend on it any more.
    pub(super) fn concern_of_journal(&self, record: &SearchRecord) -> Option<String> {
        let (path, scored) = (self.journal_path(), record.computed());
        let read = || -> Result<usize> {
            let lines: Vec<IgnoredAny> =
                read_lines(&path, "a scored candidate", "the finished search needs it no more")?;
            // The first is the header.
            Ok(lines.len().saturating_sub(1))
        };
        // One that cannot be looked at is an error of the reading.
        match files::is_there(&path).unwrap_or(true).then(read)? {
            Ok(found) if found >= scored => None,
            Ok(found) => Some(format!(
                "warning: {}: {found} of the {scored} candidates that were scored: the result, in search.json, stays",
                path.display()
            )),
            Err(error) => Some(format!("warning: {error}")),
        }
    }

    /// Keeps the result of the search, unless it is there; the weights that its candidates inherited go, unless checkpoints stay.
    pub fn keep_search(&self, record: &SearchRecord, config: &RunConfig) -> Result<()> {
        if self.search_record()?.as_ref() != Some(record) {
            write_record(&self.search_path(), record)?;
        }
        if config.train.keep_checkpoint { Ok(()) } else { self.drop_supernet_weights() }
    }

    /// `evaluate.json`: the last test on the run's own images.
    pub fn evaluation_path(&self) -> PathBuf {
        self.path.join("evaluate.json")
    }

    /// Keeps the last test on the run's own images, or that on others under their name; returns the file.
    pub fn keep_evaluation(&self, record: &EvaluationRecord, other: Option<&str>) -> Result<PathBuf> {
        let path = match other {
            None => self.evaluation_path(),
            Some(name) => self.path.join(format!("evaluate-{}.json", file_name_of(name))),
        };
        write_record(&path, record)?;
        Ok(path)
    }

    /// The epochs trained so far; a last line that was cut off is left out. Errors: a line that was changed.
    pub fn epochs(&self) -> Result<Vec<EpochRecord>> {
        let way_out = "bring it back, or remove it with checkpoint and model to train again";
        read_lines(&self.epochs_path(), "an epoch", way_out)
    }

    /// Adds an epoch, safely on the disk when this returns: the checkpoint that is written next relies on it.
    pub fn keep_epoch(&self, record: &EpochRecord) -> Result<()> {
        append_line(&self.epochs_path(), record)
    }

    /// Drops the epochs after one, for which no checkpoint was written, and a line that was cut off.
    pub fn truncate_epochs(&self, last: usize) -> Result<()> {
        let kept: Vec<EpochRecord> = self.epochs()?.into_iter().filter(|e| e.epoch <= last).collect();
        write_lines(&self.epochs_path(), &kept)
    }
}

/// A record with all that its configuration and its architecture say.
fn expected(record: &SearchRecord, config: &RunConfig, input: Shape) -> Result<SearchRecord> {
    let RunConfig { search, network, .. } = config;
    let graph = Graph::new(&record.architecture, &record.network(network), input)?;
    Ok(SearchRecord {
        parameters: Ledger::new(&graph).count(),
        budget: search.budget_parameters(),
        scope: search.scope,
        method: search.method,
        seed: search.seed,
        sizes: record.sizes.filter(|_| search.layout.is_some()),
        device: search.device.as_ref().map(|device| device.ledger(&graph)).transpose()?,
        ..record.clone()
    })
}

/// What a dataset is called in the name of a file: the last part of its source, in letters that every system takes.
fn file_name_of(source: &str) -> String {
    let last = Path::new(source).file_name().map_or("other".into(), |name| name.to_string_lossy());
    last.chars().take(60).map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect()
}

/// Whether a difference between two configurations is one of their trainings alone.
fn is_of_training(difference: &str) -> bool {
    difference.starts_with("train.") || difference.starts_with("lineage")
}

/// Whether a difference between two configurations is one of their images.
fn is_of_images(difference: &str) -> bool {
    difference.starts_with("other images") || difference.starts_with("data.")
}
