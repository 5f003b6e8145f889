use serde::Deserialize;

use crate::data::{Outline, Source};
use crate::graph::NetworkConfig;
use crate::search::Lists;
use crate::{Error, Result};

/// The network around the cells: a preset, and single settings of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkOptions {
    /// The preset; by default that of the images.
    pub preset: Option<String>,
    /// Channels before and after the first reduction; a search chooses from several.
    pub widths: Vec<[usize; 2]>,
    /// Cells of the network; a search chooses from several.
    pub cells: Vec<usize>,
    /// Timesteps for which an image is shown; a search chooses from several.
    pub timesteps: Vec<usize>,
    /// Membrane at which a neuron fires; a search chooses from several.
    pub threshold: Vec<f32>,
    /// Membrane time constant in timesteps; a search chooses from several.
    pub tau: Vec<f32>,
    /// Neurons of the classifier's hidden layer.
    pub hidden: Option<usize>,
    /// Side of the average pooling before the classifier.
    pub last_pool: Option<usize>,
}

impl NetworkOptions {
    /// Settings of which there are several.
    pub(super) fn lists(&self) -> Lists {
        fn several<T: Clone>(list: &[T]) -> Vec<T> {
            if list.len() > 1 { list.to_vec() } else { Vec::new() }
        }
        Lists {
            widths: several(&self.widths),
            cells: several(&self.cells),
            timesteps: several(&self.timesteps),
            tau: several(&self.tau),
            threshold: several(&self.threshold),
        }
    }

    /// The preset that was named, or that the images imply.
    pub fn preset(&self, source: &Source) -> &str {
        self.preset.as_deref().unwrap_or(source.preset())
    }

    /// The preset with the settings applied; where no preset is named, images that bring classes of their own
    /// bring their number, and the last pooling is one that they let the network have.
    ///
    /// Errors: several settings to choose from, settings out of range.
    pub fn config(&self, source: &Source, images: Option<Outline>) -> Result<NetworkConfig> {
        match self.lists().combinations() {
            1 if self.cells.len() < 2 => self.first(source, images),
            _ => Err(Error::invalid("several settings of a network are for a search to choose from: give one here")),
        }
    }

    /// Errors: other timesteps than there are frames.
    fn check_timesteps(&self, images: Option<Outline>) -> Result<()> {
        let frames = images.map_or(1, |images| images.frames);
        if frames == 1 || self.timesteps.is_empty() || self.timesteps == [frames] {
            return Ok(());
        }
        let said: Vec<String> = self.timesteps.iter().map(usize::to_string).collect();
        Err(Error::invalid(format!(
            "timesteps {}: each of the {frames} frames of a recording is shown at a timestep of its own, give frames",
            said.join(",")
        )))
    }

    /// The same with the first of several settings, and the most timesteps.
    pub(super) fn first(&self, source: &Source, images: Option<Outline>) -> Result<NetworkConfig> {
        self.check_timesteps(images)?;
        let mut config = self.preset.as_deref().map_or_else(|| source.network(), NetworkConfig::preset)?;
        if let (true, None, Some(images)) = (source.has_own_classes(), &self.preset, images) {
            config = config.for_classes(images.classes);
        }
        config.cells = self.cells.first().copied().unwrap_or(config.cells);
        if let (None, Some(shape)) = (&self.preset, images.map(|images| images.shape).or(source.shape())) {
            config = config.for_images(shape);
        }
        config.widths = self.widths.first().copied().unwrap_or(config.widths);
        config.timesteps = self.timesteps.iter().max().copied().unwrap_or(config.timesteps);
        if let Some(images) = images {
            config = images.timed(config);
        }
        config.threshold = self.threshold.first().copied().unwrap_or(config.threshold);
        config.tau = self.tau.first().copied().unwrap_or(config.tau);
        config.hidden = self.hidden.unwrap_or(config.hidden);
        config.last_pool = self.last_pool.unwrap_or(config.last_pool);
        config.check()?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Shape;

    #[test]
    fn frames_make_the_timesteps_and_others_are_refused() {
        let images =
            Outline { classes: 3, shape: Shape { channels: 2, height: 36, width: 36 }, frames: 6, samples: 100 };
        let of = |timesteps: &[usize]| {
            let options = NetworkOptions { timesteps: timesteps.to_vec(), ..NetworkOptions::default() };
            options.first(&Source::Folder("gestures".into()), Some(images))
        };
        for given in [&[][..], &[6]] {
            let config = of(given).unwrap();
            assert_eq!((config.timesteps, config.frames, config.classes), (6, true, 3));
        }
        for given in [&[5][..], &[6, 4]] {
            let error = of(given).unwrap_err();
            assert!(error.is_usage() && error.to_string().ends_with("give frames"), "{error}");
        }
        let still = NetworkOptions::default().first(&Source::Sample, Some(Outline { frames: 1, ..images })).unwrap();
        assert_eq!((still.timesteps, still.frames), (5, false));
    }
}
