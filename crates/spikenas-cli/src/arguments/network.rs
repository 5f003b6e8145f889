//! The network around the cells.

use clap::Args;
use spikenas::data::Dataset;
use spikenas::graph::NetworkConfig;
use spikenas::workflow::options::NetworkOptions;
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
    /// the preset's, 16,32 with a folder of images]; a search chooses from several, such as 16:32,24:48, by short trainings
    #[arg(long, value_name = "N,N", value_parser = parse_width_list)]
    pub widths: Option<WidthList>,
    /// Cells of the network: 1, 2 or 3, or several for a search to choose from [default: as the widths]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub cells: Vec<usize>,
    /// Timesteps for which an image is shown, or several for a search to choose from [default: 5]
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub timesteps: Vec<usize>,
    /// Membrane at which a neuron fires, or several for a search to choose from [default: 1]
    #[arg(long, value_name = "X", value_delimiter = ',', allow_negative_numbers = true)]
    pub threshold: Vec<f32>,
    /// Membrane time constant in timesteps, from 1 up, or several for a search to choose from [default: 4/3]
    #[arg(long, value_name = "X", value_delimiter = ',', allow_negative_numbers = true)]
    pub tau: Vec<f32>,
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

/// Widths to choose from; one, where there is no choice.
#[derive(Clone)]
pub struct WidthList(pub Vec<[usize; 2]>);

/// Reads two widths, or several pairs of them.
fn parse_width_list(text: &str) -> Result<WidthList> {
    if !text.contains(':') {
        return Ok(WidthList(vec![parse_widths(text)?]));
    }
    let pair = |pair: &str| parse_widths(&pair.replacen(':', ",", 1)).ok().filter(|_| pair.contains(':'));
    let pairs: Option<Vec<[usize; 2]>> = text.split(',').map(pair).collect();
    pairs.map(WidthList).ok_or_else(|| Error::invalid("give pairs of numbers, such as 16:32,24:48"))
}

impl NetworkArguments {
    /// What is said of the network.
    pub fn options(&self) -> NetworkOptions {
        let Self { preset, widths, cells, timesteps, threshold, tau, hidden, last_pool } = self.clone();
        let widths = widths.map_or(Vec::new(), |list| list.0);
        NetworkOptions { preset, widths, cells, timesteps, threshold, tau, hidden, last_pool }
    }

    /// The preset that was named, or that the images imply.
    pub fn preset(&self, data: &DataArguments) -> &str {
        self.preset.as_deref().unwrap_or(data.source().preset())
    }

    /// The preset with the options applied; a folder of images brings its own number of classes.
    ///
    /// Errors: several settings to choose from.
    pub fn config(&self, data: &DataArguments, dataset: Option<&Dataset>) -> Result<NetworkConfig> {
        self.options().config(&data.source(), dataset.map(Dataset::outline))
    }
}
