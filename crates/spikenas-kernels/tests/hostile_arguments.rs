//! Arguments that no one means to give: every public function panics with a message, or does what they say. None may reach
//! memory that is not its own; `make sanitise` runs these under AddressSanitizer.

use spikenas_kernels::*;

/// A size whose square wraps to 0.
const HALF: usize = 1 << (usize::BITS / 2);

const LIF: LifParameters = LifParameters { tau: 2.0, threshold: 1.0 };

fn of_terms<'a>(terms: &'a [Term<'a>], extent: Extent) -> Sum<'a> {
    Sum { terms, affine: None, extent }
}

fn on_one_line(width: usize) -> ConvolutionMaps {
    ConvolutionMaps::new(1, 1, width)
}

#[test]
fn spikes_past_the_channels_do_not_reach_weights() {
    let spikes = Spikes::in_words(vec![u64::MAX; 4], 1, 4, 3);
    for isa in Isa::supported() {
        let mut out = [f32::NAN; 4];
        convolve_spikes(&spikes, on_one_line(4), &PackedKernel::new(isa, 1, 3, 1, &[1.0; 3]), &mut out, None);
        assert_eq!(out, [3.0; 4]);
        let sums = linear_of_averages(&spikes, 2, 2, 2, &PackedLinear::new(isa, 1, 3, 1, &[1.0; 3]));
        assert_eq!(sums, [3.0]);
    }
}

#[test]
#[should_panic = "are too large"]
fn spikes_whose_number_wraps_are_refused() {
    Spikes::in_words(Vec::new(), HALF, HALF, 1);
}

#[test]
#[should_panic = "are too large"]
fn packed_spikes_whose_number_wraps_are_refused() {
    Spikes::pack(HALF, HALF, 1, &[]);
}

#[test]
#[should_panic = "no map 1 of 1"]
fn a_map_past_the_last_is_refused_where_maps_have_no_neurons() {
    Spikes::zeros(1, 0, 3).map(1);
}

#[test]
#[should_panic = "weights of a line of pixels [1500000, 192, 16] are too many"]
fn a_line_whose_weights_lie_too_far_apart_is_refused() {
    let kernel = PackedKernel::new(Isa::best(), 1, 192, 1, &[1.0; 192]);
    let width = 1_500_000;
    convolve_spikes(&Spikes::zeros(1, width, 192), on_one_line(width), &kernel, &mut vec![0.0; width], None);
}

#[test]
#[should_panic = "neurons of a map [1, 4096, 1048576] are too many"]
fn maps_of_more_spikes_than_can_be_listed_are_refused_by_a_convolution() {
    let (width, inputs) = (1 << 12, 1 << 20);
    let kernel = PackedKernel::new(Isa::best(), 0, inputs, 1, &[]);
    convolve_spikes(&Spikes::zeros(1, width, inputs), on_one_line(width), &kernel, &mut [], None);
}

#[test]
#[should_panic = "neurons of a map [4096, 1048576] are too many"]
fn maps_of_more_spikes_than_can_be_listed_are_refused_by_a_linear_layer() {
    let (side, channels) = (1 << 6, 1 << 20);
    let layer = PackedLinear::new(Isa::best(), 0, channels, 1, &[]);
    linear_of_averages(&Spikes::zeros(1, side * side, channels), side, side, side, &layer);
}

#[test]
#[should_panic = "maps have at most 65536 rows and columns"]
fn maps_of_more_rows_than_can_be_listed_are_refused_on_the_backward_pass() {
    let extent = Extent { steps: 1, samples: 1, pixels: 1 << 33, channels: 0 };
    let spikes = Spikes::zeros(1, extent.pixels, 0);
    let layer = LifLayer {
        input: of_terms(&[], extent),
        parameters: LIF,
        surrogate_alpha: 2.0,
        spikes: &spikes,
        height: 1 << 17,
        width: 1 << 16,
    };
    spike_gradients(Isa::best(), &layer, &[], None, None, &mut []);
}

#[test]
#[should_panic = "are too large"]
fn pooling_of_a_height_and_width_that_wrap_is_refused() {
    let extent = Extent { steps: 1, samples: 1, pixels: 0, channels: 1 };
    average_pool(Isa::best(), &of_terms(&[], extent), HALF, HALF, &mut []);
}

#[test]
#[should_panic = "are too large"]
fn an_extent_that_wraps_is_refused() {
    let extent = Extent { steps: 1, samples: HALF, pixels: HALF, channels: 1 };
    let values = [Term { values: &[], affine: None }];
    write_sum(Isa::best(), &of_terms(&values, extent), &mut []);
}

#[test]
#[should_panic = "are too large"]
fn an_extent_that_wraps_beside_a_zero_is_refused() {
    moments(Isa::best(), &of_terms(&[], Extent { steps: 1, samples: HALF, pixels: HALF, channels: 0 }));
}

#[test]
#[should_panic = "are too large"]
fn convolution_maps_that_wrap_are_refused() {
    let kernel = PackedKernel::new(Isa::best(), 1, 1, 1, &[1.0]);
    convolve_images(&[], ConvolutionMaps::new(1, HALF, HALF), &kernel, &mut []);
}

#[test]
#[should_panic = "are too large"]
fn a_kernel_that_wraps_is_refused() {
    PackedKernel::new(Isa::best(), HALF, HALF, 1, &[]);
}

#[test]
#[should_panic = "are too large"]
fn a_linear_layer_that_wraps_is_refused() {
    PackedLinear::new(Isa::best(), 1, HALF, HALF, &[]);
}

#[test]
#[should_panic = "are too large"]
fn a_gradient_kernel_that_wraps_is_refused() {
    GradientKernel::new(HALF, HALF, 1, &[]);
}

#[test]
#[should_panic = "no timestep"]
fn distances_of_more_samples_than_there_are_are_refused() {
    hamming_distances(Isa::best(), &Spikes::zeros(1, 0, 0), HALF, HALF);
}

#[test]
#[should_panic = "squares of side 0"]
fn a_convolution_of_averages_over_nothing_is_refused() {
    let kernel = PackedKernel::new(Isa::best(), 1, 1, 1, &[1.0]);
    let maps = ConvolutionMaps { pool: 0, ..on_one_line(1) };
    convolve_spikes(&Spikes::zeros(1, 1, 1), maps, &kernel, &mut [0.0], None);
}

#[test]
#[should_panic = "squares of side 2 do not divide maps of 1 x 3"]
fn a_convolution_of_averages_over_parts_of_squares_is_refused() {
    let kernel = PackedKernel::new(Isa::best(), 1, 1, 1, &[1.0]);
    convolve_images(&[0.0; 3], ConvolutionMaps { pool: 2, ..on_one_line(3) }, &kernel, &mut []);
}

#[test]
#[should_panic = "squares of side 0"]
fn a_linear_layer_of_averages_over_nothing_is_refused() {
    linear_of_averages(&Spikes::zeros(1, 1, 1), 1, 1, 0, &PackedLinear::new(Isa::best(), 1, 1, 1, &[1.0]));
}

#[test]
#[should_panic = "squares of side 2 do not divide maps of 1 x 4"]
fn gradients_of_averages_over_parts_of_squares_are_refused() {
    let extent = Extent { steps: 1, samples: 1, pixels: 4, channels: 1 };
    let averages = OfAverages { gradient: of_terms(&[], Extent { pixels: 1, ..extent }), side: 2 };
    let spikes = Spikes::zeros(1, 4, 1);
    let layer = LifLayer {
        input: of_terms(&[], extent),
        parameters: LIF,
        surrogate_alpha: 2.0,
        spikes: &spikes,
        height: 1,
        width: 4,
    };
    spike_gradients(Isa::best(), &layer, &[], Some(averages), None, &mut [0.0; 4]);
}

#[test]
#[should_panic = "a kernel's side is odd, not 2"]
fn a_gradient_of_an_even_kernel_is_refused() {
    let gradient = of_terms(&[], Extent { steps: 1, samples: 1, pixels: 1, channels: 1 });
    image_weight_gradient(Isa::best(), &[0.0], on_one_line(1), 2, &gradient);
}

#[test]
#[should_panic = "scales are for other channels"]
fn a_scale_without_its_shift_is_refused() {
    let extent = Extent { steps: 1, samples: 1, pixels: 1, channels: 4 };
    let affine = [Affine { scale: vec![1.0; 4], shift: Vec::new() }];
    write_sum(Isa::best(), &Sum { terms: &[], affine: Some(&affine), extent }, &mut [0.0; 4]);
}

#[test]
#[should_panic = "slopes are for other channels"]
fn slopes_of_other_channels_are_refused() {
    let extent = Extent { steps: 1, samples: 1, pixels: 4, channels: 4 };
    let slopes = [Affine { scale: vec![1.0; 2], shift: vec![0.0; 2] }];
    gradient_before_norm(Isa::best(), &of_terms(&[], extent), [&slopes, &slopes], &mut [0.0; 16]);
}

/// Every extent with sizes of 0 and 2, except the one without a 0.
fn empty_extents() -> impl Iterator<Item = Extent> {
    (0..15).map(|bits| {
        let [steps, samples, pixels, channels] = [0, 1, 2, 3].map(|bit| 2 * (bits >> bit & 1));
        Extent { steps, samples, pixels, channels }
    })
}

#[test]
fn kernels_of_empty_maps_give_empty_results() {
    let isa = Isa::best();
    for extent in empty_extents() {
        let Extent { steps, samples, pixels, channels } = extent;
        let terms = [Term { values: &[], affine: None }];
        let terms = if extent.step() == 0 { &terms[..] } else { &[] };
        let sum = of_terms(terms, extent);
        let length = sum.distinct_steps() * extent.step();
        let mut spikes = Spikes::zeros(steps * samples, pixels, channels);
        lif_scan(isa, &sum, LIF, None, &mut spikes);
        assert_eq!(spikes.counts(), vec![0; steps * samples]);
        for of_step in moments(isa, &sum) {
            assert_eq!((of_step.count, of_step.sum.len()), ((samples * pixels) as u64, channels), "{extent:?}");
        }
        let mut out = vec![f32::NAN; length];
        write_sum(isa, &sum, &mut out);
        average_pool(isa, &sum, pixels / 2, 2, &mut out);
        assert_eq!(out, vec![0.0; length]);
        let mut out = vec![f32::NAN; extent.step()];
        total_over_steps(isa, &sum, &mut out);
        assert_eq!(out, vec![0.0; extent.step()]);
        let mut gradient = vec![0.0; length];
        let of_no_values = vec![vec![GradientSums::zeros(channels); sum.distinct_steps()]; terms.len()];
        assert_eq!(gradient_sums(isa, &sum, &gradient), of_no_values);
        let slopes = vec![Affine { scale: vec![1.0; channels], shift: vec![0.0; channels] }; sum.distinct_steps()];
        assert_eq!(gradient_before_norm(isa, &sum, [&slopes, &slopes], &mut gradient), of_no_values);
        assert_eq!(hamming_distances(isa, &spikes, if steps > 0 { samples } else { 0 }, 0).len(), {
            if steps > 0 { samples * samples } else { 0 }
        });
    }
}

#[test]
fn layers_of_empty_maps_or_of_no_outputs_give_empty_results() {
    let isa = Isa::best();
    for extent in empty_extents().chain([Extent { steps: 2, samples: 2, pixels: 2, channels: 2 }]) {
        for (outputs, side) in [(0, 1), (0, 3), (2, 1), (2, 3)] {
            let Extent { steps, samples, pixels, channels } = extent;
            let weights = vec![1.0; outputs * channels * side * side];
            let maps = ConvolutionMaps::new(samples, pixels / 2, 2);
            let spikes = Spikes::zeros(steps * samples, pixels, channels);
            let kernel = PackedKernel::new(isa, outputs, channels, side, &weights);
            let mut out = vec![f32::NAN; steps * samples * pixels * outputs];
            let moments = convolve_spikes(&spikes, maps, &kernel, &mut out, None);
            assert_eq!(moments.len(), if samples > 0 { steps } else { 0 });
            assert!(moments.iter().all(|m| m.count == (samples * pixels) as u64 && m.sum == vec![0.0; outputs]));
            assert!(out.iter().all(|&value| value == 0.0), "{extent:?}");
            let images = vec![1.0; samples * channels * pixels];
            convolve_images(&images, maps, &kernel, &mut vec![f32::NAN; samples * pixels * outputs]);
            let of_sums = Extent { channels: outputs, ..extent };
            let of_images = of_terms(&[], Extent { steps: 1, ..of_sums });
            image_weight_gradient(isa, &images, maps, side, &of_images);
            let layer = PackedLinear::new(isa, outputs, channels, pixels, &vec![1.0; outputs * channels * pixels]);
            let sums = linear_of_averages(&spikes, pixels / 2, 2, 1, &layer);
            assert_eq!(sums, vec![0.0; steps * samples * outputs]);
            let kernel = GradientKernel::new(outputs, channels, side, &weights);
            let reader = SpikeReader { gradient: of_terms(&[], of_sums), of_averages: None, kernel: &kernel };
            let input = of_terms(&[], extent);
            let mut of_input = vec![f32::NAN; input.distinct_steps() * extent.step()];
            let layer = LifLayer {
                input,
                parameters: LIF,
                surrogate_alpha: 2.0,
                spikes: &spikes,
                height: pixels / 2,
                width: 2,
            };
            let found = spike_gradients(isa, &layer, &[reader], None, None, &mut of_input);
            assert_eq!(found.of_weights, [vec![0.0; weights.len()]]);
        }
    }
}

#[test]
fn moments_of_other_channels_are_joined_as_far_as_they_go() {
    let mut long = Moments::zeros(3);
    long.count = 2;
    assert_eq!(Moments::total([&Moments::zeros(1), &long], 2).variance(), [0.0; 2]);
    assert!(Affine::fold(&[0.0; 3], &[1.0], &[1.0; 2], &[], 1e-5).shift.is_empty());
}

#[test]
#[should_panic]
fn values_of_more_bytes_than_there_is_memory_are_refused() {
    AlignedValues::zeros(usize::MAX);
}
