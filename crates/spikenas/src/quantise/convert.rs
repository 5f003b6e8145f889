use super::bounds::{bounds, of_row};
use super::fold::{Affine, Folded};
use super::grid::{cluster_means, distance};
use super::integer_network::{IntegerConvolution, IntegerHidden, IntegerLayer, IntegerNetwork, IntegerOutput};
use super::pixels::Pixels;
use crate::cost::{Leak, LeakKind, Limits, Target, WeightBits};
use crate::graph::{Convolved, Graph, Normalisation, Source, Stages, layer_place};
use crate::weights::Weights;
use crate::{Error, Result};

/// The largest threshold: none that a membrane can reach is larger.
const MOST_THRESHOLD: f64 = (1 << 30) as f64;

/// Tries at a unit of a channel whose rounded weights add up to too much; each makes it larger by what was too much.
const TRIES: usize = 50;

impl IntegerNetwork {
    /// The integer network of a trained one, with the exact leak where that is possible and none is given.
    ///
    /// Errors: weights that are not the graph's, an exact leak that is not possible, sums that no choice of units keeps within the
    /// bits of a device: they name the layer.
    pub fn new(
        graph: &Graph,
        weights: &Weights,
        normalisation: &Normalisation,
        bits: WeightBits,
        leak: Option<LeakKind>,
        target: Target,
    ) -> Result<Self> {
        weights.check(graph)?;
        let leak = Leak::new(&graph.config, leak)?;
        let conversion = Conversion::new(graph, weights, normalisation, (bits, leak, target))?;
        let groups = (0..conversion.stages.groups.len()).map(|group| conversion.group(group));
        let channels: Vec<Vec<Channel>> = groups.collect::<Result<_>>()?;
        let units: Vec<Vec<f64>> =
            channels.iter().map(|group| group.iter().map(|channel| channel.unit).collect()).collect();
        let layers = (0..conversion.stages.layers.len()).map(|layer| conversion.layer(layer, &units));
        let layers = layers.collect::<Result<_>>()?;
        let (hidden, output) = (conversion.hidden()?, conversion.output());
        let convolutions = conversion.convolutions(&channels);
        let Conversion { stages, pixels, limits, .. } = conversion;
        Ok(Self {
            graph: graph.clone(),
            stages,
            bits,
            leak,
            limits,
            pixels,
            normalisation: normalisation.clone(),
            convolutions,
            layers,
            hidden,
            output,
        })
    }
}

/// A conversion in progress.
struct Conversion<'a> {
    graph: &'a Graph,
    weights: &'a Weights,
    bits: WeightBits,
    leak: Leak,
    limits: Limits,
    stages: Stages,
    pixels: Pixels,
    /// Of each map that is a convolution.
    folded: Vec<Option<Folded>>,
}

/// One channel of all convolutions of a set of maps.
struct Channel {
    unit: f64,
    /// Each convolution's map and row.
    rows: Vec<(usize, Row)>,
}

/// One output channel of a convolution.
#[derive(Clone)]
struct Row {
    weights: Vec<i8>,
    step: i16,
    bias: i16,
    shift: Option<u8>,
}

impl Row {
    /// As a convolution of one output.
    fn alone(&self) -> IntegerConvolution {
        let (step, bias, shift) = (vec![self.step], vec![self.bias], self.shift.into_iter().collect());
        IntegerConvolution { weights: self.weights.clone(), step, bias, shift }
    }
}

impl<'a> Conversion<'a> {
    fn new(
        graph: &'a Graph,
        weights: &'a Weights,
        normalisation: &Normalisation,
        (bits, leak, target): (WeightBits, Leak, Target),
    ) -> Result<Self> {
        let stages = IntegerNetwork::stages_for(graph, target)?;
        let pixels = Pixels::new(normalisation, target);
        let mut folded: Vec<Option<Folded>> = stages.maps.iter().map(|_| None).collect();
        for (map, convolved) in stages.convolutions() {
            let mut one = Folded::of(convolved, weights, &pixels, normalisation);
            let norm = convolved.reader.and_then(|reader| stages.layers[reader].norm.as_ref());
            norm.iter().for_each(|norm| one.scale(&Affine::of(norm, weights).scale));
            folded[map] = Some(one);
        }
        Ok(Self { graph, weights, bits, leak, limits: leak.limits(target)?, stages, pixels, folded })
    }

    /// The convolutions of a set of maps.
    fn members(&self, group: usize) -> impl Iterator<Item = (usize, &Convolved, &Folded)> {
        let of_group = self.stages.convolutions().filter(move |&(map, _)| self.stages.maps[map].group == group);
        of_group.filter_map(|(map, convolved)| Some((map, convolved, self.folded[map].as_ref()?)))
    }

    fn group(&self, group: usize) -> Result<Vec<Channel>> {
        (0..self.stages.groups[group]).map(|channel| self.channel(group, channel)).collect()
    }

    /// The finest unit with which no map of the set can leave its bits, and everything in it.
    fn channel(&self, group: usize, channel: usize) -> Result<Channel> {
        let limit = f64::from(self.limits.map);
        let real = |map: usize, convolved: &Convolved| {
            let none = [0.0; 2];
            self.folded[map]
                .as_ref()
                .map_or(none, |folded| of_row(folded.row(channel), folded.bias[channel], convolved, &self.pixels))
        };
        let shift = self.shift(group, channel);
        let mut unit = (self.largest(group, &real) + shift.abs()) / limit;
        if unit == 0.0 {
            unit = 1.0;
        }
        for _ in 0..TRIES {
            unit = self.allowed(group, unit);
            let found = self.with_unit(group, channel, unit);
            let of = |map: usize, convolved: &Convolved| {
                let row = found.rows.iter().find(|(of, _)| *of == map);
                row.map_or([0, 0], |(_, row)| row.alone().bounds(0, convolved, &self.pixels))
            };
            let most = self.largest(group, &|map, convolved| of(map, convolved)) as f64 + (shift / unit).abs().ceil();
            if most <= limit {
                return Ok(found);
            }
            unit *= 1.001 * most / limit;
        }
        let (map, ..) = self.members(group).next().ok_or_else(|| Error::invalid("a set of maps without any"))?;
        let place = self.place(map);
        Err(Error::invalid(format!(
            "channel {channel} of the maps behind {place}: no unit keeps its sums within 16 bits"
        )))
    }

    /// What the batch norm of the layer that alone reads a set of maps adds to one of their channels; nothing where layers share it.
    fn shift(&self, group: usize, channel: usize) -> f64 {
        let norm = self.stages.layers.get(group).filter(|_| self.is_split()).and_then(|layer| layer.norm.as_ref());
        norm.map_or(0.0, |norm| Affine::of(norm, self.weights).shift[channel])
    }

    fn is_split(&self) -> bool {
        self.pixels.target == Target::Simulator
    }

    /// The least unit from one on that is allowed: for a simulator, a power of two of the threshold's, so that dividing by it is exact
    /// and all channels have one threshold.
    fn allowed(&self, group: usize, unit: f64) -> f64 {
        if !self.is_split() {
            return unit;
        }
        self.power(self.stages.layers[group].threshold(), unit)
    }

    /// The least power of two, times a threshold in units of a current, from a number on.
    fn power(&self, threshold: f32, unit: f64) -> f64 {
        let whole = f64::from(threshold) * self.leak.growth();
        whole * 2_f64.powi((unit / whole).log2().ceil() as i32)
    }

    fn place(&self, map: usize) -> String {
        let of = self.stages.convolutions().find(|&(other, _)| other == map);
        of.map_or(String::new(), |(_, convolved)| layer_place(&convolved.convolution.name))
    }

    /// How far from zero any map of a set may come.
    fn largest<T>(&self, group: usize, of: &impl Fn(usize, &Convolved) -> [T; 2]) -> T
    where
        T: Copy + PartialOrd + Default + std::ops::Add<Output = T> + std::ops::Sub<Output = T> + super::bounds::Average,
    {
        let mut largest = T::default();
        for (map, _) in self.stages.maps.iter().enumerate().filter(|(_, map)| map.group == group) {
            let [least, most] = bounds(&self.stages, map, of);
            for one in [most, T::default() - least] {
                if one > largest {
                    largest = one;
                }
            }
        }
        largest
    }

    fn with_unit(&self, group: usize, channel: usize, unit: f64) -> Channel {
        let rows = self.members(group).map(|(map, convolved, folded)| {
            let row = folded.row(channel);
            let bias = (folded.bias[channel] / unit).round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16;
            let whole = |distance: f64| {
                let levels = f64::from(self.bits.most());
                row.iter().map(|weight| (weight / distance).round().clamp(-levels, levels) as i8).collect()
            };
            let steps = distance(row.iter().copied(), self.bits) / unit;
            if convolved.source == Source::Image && self.pixels.target == Target::Device {
                let row = Row { weights: whole((steps * unit).max(f64::MIN_POSITIVE)), step: 1, bias, shift: Some(0) };
                return (map, self.with_shift(row, steps, convolved));
            }
            let step = steps.round().clamp(1.0, f64::from(i16::MAX));
            let shift = (convolved.source == Source::Image).then_some(0);
            (map, Row { weights: whole(step * unit), step: step as i16, bias, shift })
        });
        Channel { unit, rows: rows.collect() }
    }

    /// A row whose step is so many parts of `2^shift` units as come nearest to a number of units, with the largest shift that 31 bits
    /// have room for.
    fn with_shift(&self, row: Row, units: f64, convolved: &Convolved) -> Row {
        /// More tell nothing of 8 bits.
        const MOST: u8 = 15;
        let of = |shift: u8| {
            let step = (units * f64::from(1_u32 << shift)).round().clamp(1.0, f64::from(i16::MAX)) as i16;
            Row { step, shift: Some(shift), ..row.clone() }
        };
        let fits = |row: &Row| {
            row.step < i16::MAX && row.alone().largest_product(0, convolved, &self.pixels) < i64::from(i32::MAX / 2)
        };
        (0..=MOST).rev().map(of).find(fits).unwrap_or_else(|| of(0))
    }

    fn convolutions(&self, groups: &[Vec<Channel>]) -> Vec<Option<IntegerConvolution>> {
        let mut found: Vec<Option<IntegerConvolution>> = self.stages.maps.iter().map(|_| None).collect();
        for (map, row) in groups.iter().flatten().flat_map(|channel| &channel.rows) {
            let one = found[*map].get_or_insert_with(IntegerConvolution::default);
            one.weights.extend(&row.weights);
            one.step.push(row.step);
            one.bias.push(row.bias);
            one.shift.extend(row.shift);
        }
        found
    }

    /// Thresholds in units of the currents. Fires at `membrane >= threshold * tau / unit`: the least whole number that is.
    fn threshold(&self, threshold: f32, unit: f64) -> i32 {
        let scale = f64::from(1_u32 << self.leak.fraction());
        let exact = f64::from(threshold) * self.leak.growth() * scale / unit;
        exact.ceil().min(MOST_THRESHOLD) as i32
    }

    fn layer(&self, index: usize, units: &[Vec<f64>]) -> Result<IntegerLayer> {
        let layer = &self.stages.layers[index];
        let units = &units[self.stages.maps[layer.map].group];
        let Some(norm) = &layer.norm else {
            let threshold = units.iter().map(|&unit| self.threshold(layer.threshold(), unit)).collect();
            let unit = units.iter().map(|&unit| f64::from(unit as f32)).collect();
            return Ok(IntegerLayer { threshold, norm: None, unit });
        };
        let affine = Affine::of(norm, self.weights);
        let (mut threshold, mut sign, mut bias, mut worth) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (channel, &unit) in units.iter().enumerate() {
            let (scale, shift) = (affine.scale[channel], affine.shift[channel]);
            // What is split has the scale in its weights.
            let one = if self.is_split() { (unit, 1) } else { self.normed(scale, shift, unit, layer.threshold()) };
            worth.push(f64::from(one.0 as f32));
            sign.push(one.1);
            bias.push((shift / one.0).round() as i32);
            threshold.push(self.threshold(layer.threshold(), one.0));
        }
        let most = bias.iter().map(|bias| f64::from(bias.abs())).fold(0.0, f64::max)
            + if self.is_split() { 0.0 } else { f64::from(self.limits.map) };
        if most > self.limits.current {
            let place = layer_place(layer.name());
            return Err(Error::invalid(format!(
                "{place}: a current of {most} units may come to a membrane that takes {}",
                self.limits.current
            )));
        }
        Ok(IntegerLayer { threshold, norm: Some((sign, bias)), unit: worth })
    }

    /// What a unit of the current behind a batch norm is worth, and the sign of the map in it.
    ///
    /// It is the map's unit times the scale, unless the scale is so small that the shift, in such units, would not fit a membrane:
    /// then the map counts for nothing.
    fn normed(&self, scale: f64, shift: f64, unit: f64, threshold: f32) -> (f64, i8) {
        /// Units of a threshold that a map which counts for nothing does not reach.
        const FINE: f64 = 1024.0;
        let room = self.limits.current - f64::from(self.limits.map);
        let (worth, sign) = (unit * scale.abs(), if scale < 0.0 { -1 } else { 1 });
        if worth > 0.0 && (shift / worth).abs() < room {
            return (worth, sign);
        }
        let fine = f64::from(threshold) * self.leak.growth() / FINE;
        (fine.max(2.0 * shift.abs() / room), 0)
    }

    fn hidden(&self) -> Result<IntegerHidden> {
        let classifier = &self.stages.classifier;
        let tile = classifier.pool.pow(2) as f64;
        let (mut weights, mut threshold, mut units) = (Vec::new(), Vec::new(), Vec::new());
        let room = self.limits.hidden;
        for row in self.weights.values(&classifier.hidden.weight().name).chunks_exact(classifier.hidden.inputs) {
            let real = row.iter().map(|&weight| f64::from(weight) / tile);
            let mut unit = distance(real.clone(), self.bits);
            if unit == 0.0 {
                unit = 1.0;
            }
            let levels = f64::from(self.bits.most());
            let whole = |unit: f64| real.clone().map(move |weight| (weight / unit).round().clamp(-levels, levels));
            let most = |unit: f64| tile * whole(unit).map(f64::abs).sum::<f64>();
            let excess = most(unit) / room;
            if excess > 1.0 {
                unit *= 1.01 * excess;
            }
            if self.is_split() {
                unit = self.power(classifier.lif.threshold, unit);
            }
            if most(unit) > room {
                return Err(Error::invalid(format!(
                    "{}: its sums do not fit 32 bits",
                    layer_place(&classifier.hidden.name)
                )));
            }
            weights.extend(whole(unit).map(|weight| weight as i8));
            threshold.push(self.threshold(classifier.lif.threshold, unit));
            units.push(f64::from(unit as f32));
        }
        Ok(IntegerHidden { weights, threshold, unit: units })
    }

    fn output(&self) -> IntegerOutput {
        let (classifier, timesteps) = (&self.stages.classifier, self.graph.config.timesteps as f64);
        let linear = &classifier.output;
        let means = cluster_means(self.weights.values(&linear.weight().name), linear.inputs, classifier.cluster);
        let unit = distance(means.iter().copied(), self.bits);
        let unit = if unit == 0.0 { 1.0 } else { unit };
        let levels = f64::from(self.bits.most());
        let weights = means.iter().map(|mean| (mean / unit).round().clamp(-levels, levels) as i8).collect();
        let bias = linear.bias().map_or(vec![0.0; self.graph.outputs()], |bias| {
            cluster_means(self.weights.values(&bias.name), 1, classifier.cluster)
        });
        // A bias counts once per timestep.
        let most = f64::from(1 << 30);
        let bias = bias.iter().map(|bias| (timesteps * bias / unit).round().clamp(-most, most) as i32).collect();
        IntegerOutput { weights, bias, unit }
    }
}

impl Folded {
    /// The weights of an output channel.
    fn row(&self, output: usize) -> &[f64] {
        &self.weights[output * self.row..][..self.row]
    }
}
