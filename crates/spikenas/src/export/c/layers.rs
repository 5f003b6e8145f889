use std::fmt::Write;

use super::name::identifier;
use crate::cost::{DevicePlan, Schedule};
use crate::graph::{Content, Shape, Source, Spiking, layer_place};
use crate::quantise::IntegerNetwork;

/// Writes the function of each layer: for one channel after the other, the sums that are its currents, and what they make fire.
pub(super) struct Layers<'a> {
    pub(super) network: &'a IntegerNetwork,
    pub(super) plan: &'a DevicePlan,
}

/// A plane and the first that is free for averages within it.
#[derive(Clone, Copy)]
struct Into {
    plane: usize,
    free: usize,
}

impl Layers<'_> {
    /// The function of a layer.
    pub(super) fn function(&self, index: usize) -> String {
        let layer = &self.network.stages.layers[index];
        let place = layer.lifs.iter().map(|lif| layer_place(&lif.name)).collect::<Vec<_>>().join("; ");
        let mut text = format!("/* {place} */\nstatic void layer_{index}(const uint8_t *image)\n{{\n");
        let unused = if self.reads_image(layer.map) { "" } else { "    (void)image;\n" };
        let t = if self.plan.schedule == Schedule::Layers { ", t" } else { "" };
        let _ = writeln!(
            text,
            "    unsigned channel{t};\n{unused}    for (channel = 0; channel < {}; ++channel) {{",
            layer.shape().channels
        );
        text += &match self.plan.schedule {
            Schedule::Layers => self.over_timesteps(index, layer),
            Schedule::Steps => self.timestep(index, layer),
        };
        text + "    }\n}\n\n"
    }

    fn reads_image(&self, map: usize) -> bool {
        match &self.network.stages.maps[map].content {
            Content::Convolved(convolved) => convolved.source == Source::Image,
            Content::Averaged { source, .. } => self.reads_image(*source),
            Content::Sum(inputs) => inputs.iter().any(|&input| self.reads_image(input)),
        }
    }

    /// All timesteps of a channel. What does not change is summed once: in the plane itself where nothing else is, in the last
    /// otherwise.
    fn over_timesteps(&self, index: usize, layer: &Spiking) -> String {
        let (indent, inner) = ("        ", "            ");
        let stages = &self.network.stages;
        let (constant, changing): (Vec<usize>, Vec<usize>) =
            stages.terms(layer.map).into_iter().partition(|&term| stages.maps[term].is_constant);
        let timesteps = self.network.graph.config.timesteps;
        let sums = sums(layer.shape());
        let mut text = format!("{indent}memset(membranes, 0, sizeof membranes);\n");
        let own = if changing.is_empty() { 0 } else { self.plan.planes - 1 };
        if changing.is_empty() || !constant.is_empty() {
            let _ = writeln!(text, "{indent}memset(sums[{own}], 0, {sums} * sizeof sums[0][0]);");
            for term in &constant {
                self.add(&mut text, *term, Into { plane: own, free: 1 }, indent);
            }
        }
        let _ = writeln!(text, "{indent}for (t = 0; t < {timesteps}; ++t) {{");
        if !changing.is_empty() {
            let _ = match constant.is_empty() {
                true => writeln!(text, "{inner}memset(sums[0], 0, {sums} * sizeof sums[0][0]);"),
                false => writeln!(text, "{inner}memcpy(sums[0], sums[{own}], {sums} * sizeof sums[0][0]);"),
            };
        }
        for term in &changing {
            self.add(&mut text, *term, Into { plane: 0, free: 1 }, inner);
        }
        text += &self.fire(index, layer, "membranes", inner);
        text + indent + "}\n"
    }

    fn timestep(&self, index: usize, layer: &Spiking) -> String {
        let indent = "        ";
        let mut text = format!("{indent}memset(sums[0], 0, {} * sizeof sums[0][0]);\n", sums(layer.shape()));
        for term in self.network.stages.terms(layer.map) {
            self.add(&mut text, term, Into { plane: 0, free: 1 }, indent);
        }
        let Shape { height, width, .. } = layer.shape();
        let membranes = format!("membranes + {} + channel * {}", self.plan.layers[index].membranes, height * width);
        text + &self.fire(index, layer, &membranes, indent)
    }

    /// Adds a map to a plane.
    fn add(&self, text: &mut String, map: usize, into: Into, indent: &str) {
        let stages = &self.network.stages;
        match &stages.maps[map].content {
            Content::Sum(inputs) => inputs.iter().for_each(|&input| self.add(text, input, into, indent)),
            Content::Averaged { source, .. } => {
                let (Into { plane, free }, shape) = (into, stages.maps[map].shape);
                let _ = writeln!(text, "{indent}memset(sums[{free}], 0, {} * sizeof sums[0][0]);", sums(shape));
                self.add(text, *source, Into { plane: free, free: free + 1 }, indent);
                let Shape { height, width, .. } = shape;
                let _ = writeln!(text, "{indent}average3(sums[{plane}], sums[{free}], {height}, {width});");
            }
            Content::Convolved(convolved) => {
                let name = identifier(&stages.label(convolved));
                let values = format!("{name}_weights[channel], {name}_steps[channel], {name}_biases[channel]");
                let Shape { channels, height, width } = convolved.convolution.input;
                let plane = into.plane;
                let _ = match convolved.source {
                    Source::Image => writeln!(
                        text,
                        "{indent}show(sums[{plane}], {},\n{indent}    {values}, {name}_shifts[channel]);",
                        self.image()
                    ),
                    Source::Layer(layer) => {
                        let (side, tile) = (convolved.convolution.kernel.side(), convolved.tile);
                        let spikes = self.spikes(layer);
                        let (function, tile) = match tile {
                            1 => (format!("convolve{side}"), String::new()),
                            _ => (format!("convolve{side}_tiles"), format!(", {tile}")),
                        };
                        writeln!(
                            text,
                            "{indent}{function}(sums[{plane}], {spikes}, {channels}, {height}, {width}{tile},\n{indent}    {values});"
                        )
                    }
                };
            }
        }
    }

    /// The image, or the frame of the timestep: a function for one timestep is given its frame.
    fn image(&self) -> &'static str {
        match self.plan.schedule {
            Schedule::Layers if self.network.stages.frames => "image + t * CHANNELS * ROWS * COLUMNS",
            _ => "image",
        }
    }

    /// The spikes of a layer at the timestep.
    fn spikes(&self, layer: usize) -> String {
        let buffer = self.plan.layers[layer];
        match self.plan.schedule {
            Schedule::Layers => format!("spikes + {} + t * {}", buffer.spikes, buffer.step_bytes),
            Schedule::Steps => format!("spikes + {}", buffer.spikes),
        }
    }

    fn fire(&self, index: usize, layer: &Spiking, membranes: &str, indent: &str) -> String {
        let (name, Shape { height, width, .. }) = (identifier(layer.name()), layer.shape());
        let normed = match layer.norm {
            Some(_) => format!("{name}_signs[channel], {name}_biases[channel]"),
            None => "1, 0".into(),
        };
        let plane = height * width.div_ceil(8);
        format!(
            "{indent}fire(sums[0], {membranes}, {name}_thresholds[channel], {normed},\n{indent}    {} + channel * {plane}, {height}, {width});\n",
            self.spikes(index)
        )
    }
}

/// Sums of a plane with its border.
fn sums(shape: Shape) -> usize {
    (shape.height + 2) * (shape.width + 2)
}
