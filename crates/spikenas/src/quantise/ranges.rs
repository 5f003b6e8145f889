use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bounds::bounds;
use super::integer_network::IntegerNetwork;
use super::runner::Runner;
use crate::data::Images;

/// How large the currents of a layer become, in units of its channels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerRange {
    /// Name of the layer.
    pub name: String,
    /// The largest that any image made, away from zero.
    pub seen: i64,
    /// The largest that any spikes can make.
    pub possible: i64,
    /// The largest that the membrane takes.
    pub room: i64,
}

/// How large currents become: on some images, and at most.
pub fn ranges(network: &IntegerNetwork, images: &Images) -> Vec<LayerRange> {
    let runner = Runner::new(network);
    let layers = network.stages.layers.len() + 1;
    let largest = |mut a: Vec<i64>, b: Vec<i64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = (*a).max(b));
        a
    };
    let shown = (0..images.len()).into_par_iter().map_init(
        || runner.state().watched(),
        |state, index| {
            runner.run(images.image(index), state);
            state.seen().to_vec()
        },
    );
    let seen = shown.reduce(|| vec![0; layers], largest);
    let names = network.stages.layers.iter().map(|layer| layer.name());
    let names = names.chain([network.stages.classifier.lif.name.as_str()]);
    names
        .zip(seen)
        .enumerate()
        .map(|(layer, (name, seen))| {
            let (possible, room) = (network.possible(layer), network.room(layer));
            LayerRange { name: name.into(), seen, possible, room }
        })
        .collect()
}

impl IntegerNetwork {
    /// The largest current that any spikes can make in a layer; the hidden one is the last.
    pub fn possible(&self, layer: usize) -> i64 {
        let Some(values) = self.layers.get(layer) else { return self.possible_hidden() };
        let map = self.stages.layers[layer].map;
        let one = |channel: usize| {
            let of = |map: usize, convolved: &_| self.convolution(map).bounds(channel, convolved, &self.pixels);
            let most = bounds(&self.stages, map, &of).map(i64::abs).into_iter().max().unwrap_or(0);
            match &values.norm {
                Some((sign, bias)) => i64::from(sign[channel]).abs() * most + i64::from(bias[channel]).abs(),
                None => most,
            }
        };
        (0..values.threshold.len()).map(one).max().unwrap_or(0)
    }

    fn possible_hidden(&self) -> i64 {
        let classifier = &self.stages.classifier;
        let spikes = classifier.pool.pow(2) as i64;
        let rows = self.hidden.weights.chunks_exact(classifier.hidden.inputs);
        spikes * rows.map(|row| row.iter().map(|&weight| i64::from(weight).abs()).sum::<i64>()).max().unwrap_or(0)
    }

    /// The largest current that a layer's membranes take; the hidden one is the last.
    pub fn room(&self, layer: usize) -> i64 {
        (if layer < self.layers.len() { self.limits.current } else { self.limits.hidden }) as i64
    }

    /// Whether no sum and no membrane can overflow, whatever fires; if one can, which.
    pub(super) fn check(&self) -> Result<(), String> {
        let limit = i64::from(self.limits.map);
        for (index, map) in self.stages.maps.iter().enumerate() {
            for channel in 0..map.shape.channels {
                let of = |map: usize, convolved: &_| self.convolution(map).bounds(channel, convolved, &self.pixels);
                let [least, most] = bounds(&self.stages, index, &of);
                if least < -limit || most > limit {
                    return Err(format!("a map could come to {least} to {most}, 16 bits go to {limit}"));
                }
            }
        }
        for (map, convolved) in self.stages.convolutions() {
            let convolution = self.convolution(map);
            for (output, &shift) in convolution.shift.iter().enumerate() {
                let product = convolution.largest_product(output, convolved, &self.pixels);
                if shift > 16 || product >= i64::from(i32::MAX / 2) {
                    return Err(format!("a product could come to {product}, shifted by {shift} bits"));
                }
            }
        }
        for layer in 0..=self.layers.len() {
            let (possible, room) = (self.possible(layer), self.room(layer));
            if possible > room {
                return Err(format!("layer {layer} could come to {possible}, its membranes go to {room}"));
            }
        }
        let thresholds = self.layers.iter().flat_map(|layer| &layer.threshold).chain(&self.hidden.threshold);
        match thresholds.min() {
            Some(least) if *least <= 0 => Err(format!("a threshold of {least}")),
            _ => Ok(()),
        }
    }
}
