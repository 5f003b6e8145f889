//! The filters of the stem with which a training begins.

use rayon::prelude::*;

use super::checkpoint::Checkpoint;
use super::config::{StemInit, TrainConfig};
use crate::Result;
use crate::data::Dataset;
use crate::graph::{Graph, Shape};

/// Images, or frames of recordings, whose patches are looked at, at most, about.
const IMAGES: usize = 1000;
/// Images, or recordings, of one thread at a time.
const AT_A_TIME: usize = 32;
/// Patches of a row or column of an image, about.
const PATCHES: usize = 32;
/// The most values of a patch: the work grows with their third power.
const MOST: usize = 128;
/// Jacobi's sweeps over a matrix; about ten are enough for one of 27 rows.
const SWEEPS: usize = 30;

impl TrainConfig {
    /// The state with which a training of a network begins. Errors: images that cannot be split.
    pub fn start(&self, graph: &Graph, dataset: &Dataset) -> Result<Checkpoint> {
        let mut weights = self.initial_weights(graph);
        let stem = graph.parameters().into_iter().find(|parameter| parameter.name == "stem.0.weight");
        if let (StemInit::Whitening, Some(stem)) = (self.stem_init, stem)
            && let [_, channels, rows, columns] = stem.shape[..]
            && channels * rows * columns <= MOST
            && let Some(patches) = self.patches(dataset, [rows, columns])?
        {
            let size = channels * rows * columns;
            weights.change(&stem.name, |filters| {
                let pairs = (filters.values.len() / size / 2).min(size);
                let directions = eigenvectors(patches, size);
                let signed =
                    [1.0, -1.0].into_iter().flat_map(|sign| directions[..pairs].iter().map(move |d| (sign, d)));
                for (filter, (sign, direction)) in filters.values.chunks_exact_mut(size).zip(signed) {
                    let norm = filter.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
                    filter.iter_mut().zip(direction).for_each(|(value, of)| *value = (sign * norm * of) as f32);
                }
            });
        }
        Ok(Checkpoint::start(weights, dataset))
    }

    /// `sum of p pᵀ` over patches `p` of normalised training images, [channels × rows × columns] squared; none where all are 0.
    fn patches(&self, dataset: &Dataset, kernel: [usize; 2]) -> Result<Option<Vec<f64>>> {
        let learned = self.split(dataset)?.learned;
        let most = (IMAGES / dataset.train.frames.max(1)).max(1);
        let chosen: Vec<usize> = learned.iter().step_by(learned.len().div_ceil(most).max(1)).copied().collect();
        let shape = dataset.train.shape;
        let size = shape.channels * kernel[0] * kernel[1];
        let of_some = |indices: &[usize]| {
            let mut sums = vec![0.0; size * size];
            for &index in indices {
                let frames = dataset.train.batch(&[index], &dataset.normalisation, None).images;
                frames.chunks_exact(shape.len()).for_each(|image| add_patches(&mut sums, image, shape, kernel));
            }
            sums
        };
        // Added up in their order, so that the sums are the same for any number of threads.
        let parts: Vec<Vec<f64>> = chosen.par_chunks(AT_A_TIME).map(of_some).collect();
        let mut sums = vec![0.0; size * size];
        parts.iter().for_each(|part| sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part));
        Ok(Some(sums).filter(|sums| sums.iter().any(|&sum| sum != 0.0)))
    }
}

/// Adds `p pᵀ` of the patches `p` of an image, [channels, height, width], to a sum.
fn add_patches(sums: &mut [f64], image: &[f32], shape: Shape, [rows, columns]: [usize; 2]) {
    let Shape { channels, height, width } = shape;
    let every = height.max(width).div_ceil(PATCHES);
    let starts = |length: usize, of_patch: usize| (0..(length + 1).saturating_sub(of_patch)).step_by(every);
    for (row, column) in starts(height, rows).flat_map(|row| starts(width, columns).map(move |column| (row, column))) {
        let lines =
            (0..channels).flat_map(|channel| (0..rows).map(move |y| (channel * height + row + y) * width + column));
        let patch: Vec<f64> =
            lines.flat_map(|start| &image[start..][..columns]).map(|&value| f64::from(value)).collect();
        for (a, sums) in patch.iter().zip(sums.chunks_exact_mut(patch.len())) {
            sums.iter_mut().zip(&patch).for_each(|(sum, b)| *sum += a * b);
        }
    }
}

/// The eigenvectors of a symmetric matrix, those of the largest eigenvalues first, by Jacobi's rotations: in plain arithmetic, so that
/// every machine gets the same bits.
fn eigenvectors(mut matrix: Vec<f64>, size: usize) -> Vec<Vec<f64>> {
    // A row each; first the axes.
    let mut vectors: Vec<f64> = (0..size * size).map(|at| f64::from(u8::from(at % (size + 1) == 0))).collect();
    for (p, q) in (0..SWEEPS).flat_map(|_| (0..size).flat_map(|p| (p + 1..size).map(move |q| (p, q)))) {
        let off = matrix[p * size + q];
        if off == 0.0 {
            continue;
        }
        let theta = (matrix[q * size + q] - matrix[p * size + p]) / (2.0 * off);
        let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
        let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
        let rotate = |values: &mut [f64], [at_p, at_q]: [usize; 2]| {
            let (a, b) = (values[at_p], values[at_q]);
            (values[at_p], values[at_q]) = (cosine * (a - tangent * b), cosine * (tangent * a + b));
        };
        (0..size).for_each(|k| rotate(&mut matrix, [k * size + p, k * size + q]));
        for in_rows in (0..size).map(|k| [p * size + k, q * size + k]) {
            rotate(&mut matrix, in_rows);
            rotate(&mut vectors, in_rows);
        }
    }
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|&a, &b| matrix[b * size + b].total_cmp(&matrix[a * size + a]));
    order.into_iter().map(|index| vectors[index * size..][..size].to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvectors_come_by_their_eigenvalues() {
        // numpy.linalg.eigh of [[4, 1, 0], [1, 3, 1], [0, 1, 2]]: 4.7321, 3, 1.2679.
        let matrix = vec![4.0, 1.0, 0.0, 1.0, 3.0, 1.0, 0.0, 1.0, 2.0];
        let vectors = eigenvectors(matrix, 3);
        for (vector, right) in
            vectors.iter().zip([[0.7887, 0.5774, 0.2113], [0.5774, -0.5774, -0.5774], [0.2113, -0.5774, 0.7887]])
        {
            let dot: f64 = vector.iter().zip(right).map(|(a, b)| a * b).sum();
            assert!((dot.abs() - 1.0).abs() < 1e-4, "{vector:?}");
        }
    }
}
