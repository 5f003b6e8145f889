use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::arena::Arena;
use super::arithmetic::Leak;
use crate::graph::{Content, Shape, Stages};
use crate::{Error, Result};

/// The order in which a device computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Layer by layer, each over all timesteps: a bit for each neuron and timestep, and one membrane of a channel at a time.
    Layers,
    /// Timestep by timestep: a membrane for each neuron, and a bit.
    Steps,
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Schedule::Layers => "layers",
            Schedule::Steps => "steps",
        })
    }
}

impl FromStr for Schedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "layers" => Ok(Schedule::Layers),
            "steps" => Ok(Schedule::Steps),
            _ => Err(Error::unknown("schedule", text, ["layers", "steps"])),
        }
    }
}

/// Where the spikes of a layer lie, and its membranes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buffer {
    /// First byte of the spikes in the arena.
    pub spikes: usize,
    /// Bytes of its spikes at a timestep: rows of whole bytes, channel by channel.
    pub step_bytes: usize,
    /// First membrane among all that are kept from one timestep to the next.
    pub membranes: usize,
}

/// The buffers of a network under a schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct DevicePlan {
    /// The schedule.
    pub schedule: Schedule,
    /// Of each LIF layer of the backbone.
    pub layers: Vec<Buffer>,
    /// Bytes of the arena of all spikes.
    pub arena_bytes: usize,
    /// Membranes that are kept from one timestep to the next.
    pub membranes: usize,
    /// Membranes of one channel, where layers come one after the other.
    pub plane_membranes: usize,
    /// Planes of 16-bit sums, one channel of a map each, with a border of one pixel.
    pub planes: usize,
    /// Sums of a plane.
    pub plane_sums: usize,
    /// Whether the last plane keeps what is the same at every timestep.
    pub has_constant_plane: bool,
    /// Values of the input that are there at a time, of a byte each, which are the caller's: an image; all frames where layers come one
    /// after the other, one of them where timesteps do.
    pub image_bytes: usize,
}

impl DevicePlan {
    /// The buffers of a network.
    pub fn new(stages: &Stages, timesteps: usize, schedule: Schedule) -> Self {
        let last = last_readers(stages);
        let (mut arena, mut membranes) = (Arena::default(), 0);
        let mut layers = Vec::with_capacity(stages.layers.len());
        for (index, layer) in stages.layers.iter().enumerate() {
            let shape = layer.shape();
            let step_bytes = shape.channels * plane_bytes(shape);
            let bytes = if schedule == Schedule::Layers { timesteps * step_bytes } else { step_bytes };
            let spikes = arena.place(bytes, index, last[index]);
            layers.push(Buffer { spikes, step_bytes, membranes });
            membranes += if schedule == Schedule::Steps { shape.len() } else { 0 };
        }
        let is_mixed = |map: usize| {
            let terms = stages.terms(map);
            terms.iter().any(|&term| stages.maps[term].is_constant)
                && terms.iter().any(|&term| !stages.maps[term].is_constant)
        };
        let has_constant_plane = schedule == Schedule::Layers && stages.layers.iter().any(|layer| is_mixed(layer.map));
        let averages = stages.layers.iter().map(|layer| averages(stages, layer.map)).max().unwrap_or(0);
        let pixels = |shape: Shape| shape.height * shape.width;
        let sums = |shape: Shape| (shape.height + 2) * (shape.width + 2);
        let most = |count: &dyn Fn(Shape) -> usize| stages.layers.iter().map(|l| count(l.shape())).max().unwrap_or(0);
        Self {
            schedule,
            layers,
            arena_bytes: arena.bytes,
            membranes,
            plane_membranes: if schedule == Schedule::Layers { most(&pixels) } else { 0 },
            planes: 1 + averages + usize::from(has_constant_plane),
            plane_sums: most(&sums),
            has_constant_plane,
            image_bytes: stages.input.len() * if stages.frames && schedule == Schedule::Layers { timesteps } else { 1 },
        }
    }

    /// Bytes of RAM that spikes, membranes and sums take.
    pub fn bytes(&self, leak: Leak) -> usize {
        self.arena_bytes + self.membrane_bytes(leak) + 2 * self.planes * self.plane_sums
    }

    /// Bytes of all membranes of the backbone.
    pub fn membrane_bytes(&self, leak: Leak) -> usize {
        (self.membranes + self.plane_membranes) * leak.membrane_bytes()
    }

    /// The plan that needs less RAM, of equal ones that of the layers; or that of a schedule.
    pub fn least(stages: &Stages, timesteps: usize, leak: Leak, schedule: Option<Schedule>) -> Self {
        let plan = |schedule| Self::new(stages, timesteps, schedule);
        if let Some(schedule) = schedule {
            return plan(schedule);
        }
        let [layers, steps] = [Schedule::Layers, Schedule::Steps].map(plan);
        let bytes = |plan: &Self| plan.bytes(leak) + plan.image_bytes;
        if bytes(&layers) <= bytes(&steps) { layers } else { steps }
    }
}

/// Bytes of the spikes of one channel.
pub(super) fn plane_bytes(shape: Shape) -> usize {
    shape.height * shape.width.div_ceil(8)
}

/// For each layer, the last that reads its spikes; the classifier comes after all.
fn last_readers(stages: &Stages) -> Vec<usize> {
    let mut last: Vec<usize> = (0..stages.layers.len()).collect();
    for (reader, layer) in stages.layers.iter().enumerate() {
        stages.sources(layer.map).into_iter().for_each(|source| last[source] = last[source].max(reader));
    }
    last[stages.classifier.source] = stages.layers.len();
    last
}

/// How many averages lie within one another in a map.
fn averages(stages: &Stages, map: usize) -> usize {
    match &stages.maps[map].content {
        Content::Convolved(_) => 0,
        Content::Averaged { source, .. } => 1 + averages(stages, *source),
        Content::Sum(inputs) => inputs.iter().map(|&input| averages(stages, input)).max().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Graph, NetworkConfig};

    fn stages(text: &str) -> Stages {
        let image = Shape { channels: 3, height: 32, width: 32 };
        Stages::new(&Graph::new(&text.parse().unwrap(), &NetworkConfig::preset("sample").unwrap(), image).unwrap())
            .unwrap()
    }

    #[test]
    fn few_timesteps_are_kept_as_bits_and_many_as_membranes() {
        let stages = stages("0333 0033 0003 0000");
        let leak = Leak::Exact { shift: Some(2), fraction: 8 };
        let schedule = |timesteps| DevicePlan::least(&stages, timesteps, leak, None).schedule;
        assert_eq!([schedule(1), schedule(5), schedule(200)], [Schedule::Layers, Schedule::Layers, Schedule::Steps]);
    }

    #[test]
    fn spikes_that_nothing_reads_any_more_make_room() {
        let plan = DevicePlan::new(&stages("0300 0030 0003 0000"), 4, Schedule::Layers);
        // Layers of 16 x 32 x 32 neurons, a bit for each of four timesteps: two are alive at a time.
        let layer = 4 * 16 * 32 * 4;
        let begins: Vec<usize> = plan.layers[..4].iter().map(|buffer| buffer.spikes).collect();
        assert_eq!((begins, plan.arena_bytes), (vec![0, layer, 0, layer], 2 * layer));
    }

    #[test]
    fn planes_are_those_of_nested_averages_and_of_what_does_not_change() {
        let planes = |text| {
            let plan = DevicePlan::new(&stages(text), 5, Schedule::Layers);
            (plan.planes, plan.has_constant_plane)
        };
        assert_eq!(planes("0300 0030 0003 0000"), (1, false));
        assert_eq!(planes("0313 0031 0003 0000"), (2, true));
        assert_eq!(planes("0400 0040 0003 0000"), (3, false));
        assert_eq!(DevicePlan::new(&stages("0313 0031 0003 0000"), 5, Schedule::Steps).planes, 1);
    }
}
