use crate::Extent;
use crate::batch_norm::pixels_at_a_time;
use crate::gradient_sums::{TermSums, add_terms};
use crate::isa::Vector;
use crate::lif::{LifLayer, LifParameters, LifState};

/// Backward pass through the timesteps of one sample: `dh = dspike * surrogate(h) + dv * (1 - spike); dx = dh / tau;
/// dv = dh * (1 - 1 / tau)`, from the last one. `of_spikes`: `[steps, pixels, row]` and the row; `state`: that of the sample; `out`: by
/// distinct timestep.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
pub(crate) unsafe fn backward_sample<V: Vector>(
    layer: &LifLayer<'_>,
    sample: usize,
    (of_spikes, row): (&[f32], usize),
    state: &mut Option<LifState<'_>>,
    out: &mut [&mut [f32]],
    sums: &mut TermSums,
) {
    let Extent { steps, pixels, channels, .. } = layer.input.extent;
    let at_a_time = pixels_at_a_time(channels).min(pixels);
    let mut charges = vec![0.0; steps * at_a_time * channels];
    let zeros = || vec![0.0; at_a_time * channels];
    let (mut x, mut carried, mut packed) = (zeros(), zeros(), zeros());
    for pixel in (0..pixels).step_by(at_a_time) {
        let length = at_a_time.min(pixels - pixel) * channels;
        let (x, carried) = (&mut x[..length], &mut carried[..length]);
        match state {
            Some(state) => carried.copy_from_slice(&state.start[pixel * channels..][..length]),
            None => carried.fill(0.0),
        }
        for step in 0..steps {
            // SAFETY: the caller vouches for the instruction set.
            unsafe {
                if step == 0 || out.len() > 1 {
                    layer.input.read::<V>(step, sample, pixel, x);
                }
                charge::<V>(x, carried, &mut charges[step * length..][..length], layer.parameters);
            }
        }
        match state {
            Some(state) => carried.copy_from_slice(&state.gradient[pixel * channels..][..length]),
            None => carried.fill(0.0),
        }
        let constant = out.len() == 1;
        for step in (0..steps).rev() {
            let rows = &of_spikes[(step * pixels + pixel) * row..][..length / channels * row];
            let gradient = if row == channels { rows } else { pack(rows, row, channels, &mut packed[..length]) };
            let out = &mut out[if constant { 0 } else { step }][pixel * channels..][..length];
            let add = constant && step + 1 < steps;
            // SAFETY: the caller vouches for the instruction set.
            unsafe { backward_step::<V>(layer, &charges[step * length..][..length], gradient, carried, out, add) };
        }
        if let Some(state) = state {
            state.gradient[pixel * channels..][..length].copy_from_slice(carried);
        }
        for (step, out) in out.iter().enumerate() {
            // SAFETY: the caller vouches for the instruction set.
            unsafe { add_terms::<V>(sums, &layer.input, &out[pixel * channels..][..length], step, sample, pixel) };
        }
    }
}

/// Copies pixels of `row` values to pixels of `channels`.
#[inline(always)]
fn pack<'a>(from: &[f32], row: usize, channels: usize, to: &'a mut [f32]) -> &'a [f32] {
    for (from, to) in from.chunks_exact(row).zip(to.chunks_exact_mut(channels)) {
        to.copy_from_slice(&from[..channels]);
    }
    to
}

/// Membranes before firing; `v` becomes those after it.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
unsafe fn charge<V: Vector>(x: &[f32], v: &mut [f32], charges: &mut [f32], p: LifParameters) {
    let whole = x.len() - x.len() % V::LANES;
    for at in (0..whole).step_by(V::LANES) {
        // SAFETY: the caller vouches for the instruction set; `at + LANES` is within every slice.
        unsafe {
            let old = V::load(v.as_ptr().add(at));
            let h = old.add(V::load(x.as_ptr().add(at)).sub(old).div(V::splat(p.tau)));
            h.store(charges.as_mut_ptr().add(at));
            h.zero_where(h.at_least(V::splat(p.threshold))).store(v.as_mut_ptr().add(at));
        }
    }
    for at in whole..x.len() {
        let h = v[at] + (x[at] - v[at]) / p.tau;
        charges[at] = h;
        v[at] = if h >= p.threshold { 0.0 } else { h };
    }
}

/// One timestep of the backward pass; `carried` is the gradient of the membranes after it, and becomes that of those before.
///
/// # Safety
/// The machine supports `V`.
#[inline(always)]
unsafe fn backward_step<V: Vector>(
    layer: &LifLayer<'_>,
    charges: &[f32],
    gradient: &[f32],
    carried: &mut [f32],
    out: &mut [f32],
    add: bool,
) {
    let (p, highest) = (layer.parameters, layer.surrogate_alpha / 2.0);
    let (leak, gain) = (1.0 - 1.0 / p.tau, 1.0 / p.tau);
    let sharpness = std::f32::consts::PI * highest;
    let whole = charges.len() - charges.len() % V::LANES;
    for at in (0..whole).step_by(V::LANES) {
        // SAFETY: the caller vouches for the instruction set; `at + LANES` is within every slice.
        unsafe {
            let (h, one) = (V::load(charges.as_ptr().add(at)), V::splat(1.0));
            let slope = h.sub(V::splat(p.threshold)).mul(V::splat(sharpness));
            let surrogate = V::splat(highest).div(slope.mul(slope).add(one));
            let kept = V::load(carried.as_ptr().add(at)).zero_where(h.at_least(V::splat(p.threshold)));
            let of_charge = V::load(gradient.as_ptr().add(at)).mul(surrogate).add(kept);
            let mut of_input = of_charge.mul(V::splat(gain));
            if add {
                of_input = of_input.add(V::load(out.as_ptr().add(at)));
            }
            of_input.store(out.as_mut_ptr().add(at));
            of_charge.mul(V::splat(leak)).store(carried.as_mut_ptr().add(at));
        }
    }
    for at in whole..charges.len() {
        let slope = (charges[at] - p.threshold) * sharpness;
        let kept = if charges[at] >= p.threshold { 0.0 } else { carried[at] };
        let of_charge = gradient[at] * (highest / (slope * slope + 1.0)) + kept;
        out[at] = if add { out[at] } else { 0.0 } + of_charge * gain;
        carried[at] = of_charge * leak;
    }
}
