//! The network around the cells.

use clap::Args;
use spikenas::data::{Dataset, Source};
use spikenas::graph::NetworkConfig;
use spikenas::{Error, Result};

use super::images::DataArguments;

/// The network around the cells.
#[derive(Args, Clone)]
#[command(next_help_heading = "Network")]
pub struct NetworkArguments {
    /// Network settings: sample, cifar10, cifar100 or snasnet-cifar10 [default: as --data]
    #[arg(short = 'p', long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Channels before and after the first reduction, such as 128,256 [default: the search's choice with a budget and no preset; else
    /// the preset's, 16,32 with a folder of images]
    #[arg(long, value_name = "N,N", value_parser = parse_widths)]
    pub widths: Option<[usize; 2]>,
    /// Cells of the network: 1, 2 or 3 [default: as the widths]
    #[arg(long, value_name = "N")]
    pub cells: Option<usize>,
    /// Timesteps for which an image is shown
    #[arg(long, value_name = "N")]
    pub timesteps: Option<usize>,
    /// Neurons of the classifier's hidden layer [default: as the widths]
    #[arg(long, value_name = "N")]
    pub hidden: Option<usize>,
    /// Side of the average pooling before the classifier: larger, it narrows the classifier [default: as the widths]
    #[arg(long, value_name = "N")]
    pub last_pool: Option<usize>,
}

/// Reads two widths.
pub fn parse_widths(text: &str) -> Result<[usize; 2]> {
    let numbers: Option<Vec<usize>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
    let numbers = numbers.and_then(|n| <[usize; 2]>::try_from(n).ok());
    numbers.ok_or_else(|| Error::invalid("give two numbers, such as 128,256"))
}

impl NetworkArguments {
    /// The preset that was named, or that the images imply.
    pub fn preset(&self, data: &DataArguments) -> &str {
        self.preset.as_deref().unwrap_or(data.source().preset())
    }

    /// The preset with the options applied; a folder of images brings its own number of classes.
    pub fn config(&self, data: &DataArguments, dataset: Option<&Dataset>) -> Result<NetworkConfig> {
        let source = data.source();
        let mut config = self.preset.as_deref().map_or_else(|| source.network(), NetworkConfig::preset)?;
        if let (Source::Folder(_), None, Some(dataset)) = (&source, &self.preset, dataset) {
            config.classes = dataset.classes.len();
        }
        config.widths = self.widths.unwrap_or(config.widths);
        config.cells = self.cells.unwrap_or(config.cells);
        config.timesteps = self.timesteps.unwrap_or(config.timesteps);
        config.hidden = self.hidden.unwrap_or(config.hidden);
        config.last_pool = self.last_pool.unwrap_or(config.last_pool);
        config.check()?;
        Ok(config)
    }
}
