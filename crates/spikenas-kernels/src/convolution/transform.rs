//! Sizes and weights of Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016).

/// Side of the kernels that are transformed.
pub(super) const SIDE: usize = 3;

/// Side of a tile of sums.
pub(super) const TILE: usize = 4;

/// Side of the values that a tile reads.
pub(super) const READ: usize = 6;

/// Points of a transformed tile.
pub(super) const POINTS: usize = READ * READ;

/// A point of `G w G'` of a kernel turned by half a turn, as the backward pass needs it.
pub(super) fn transformed(weights: &[f32], point: usize) -> f32 {
    const G: [[f64; 3]; READ] = [
        [1.0 / 4.0, 0.0, 0.0],
        [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
        [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
        [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
        [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
        [0.0, 0.0, 1.0],
    ];
    let (row, column) = (G[point / READ], G[point % READ]);
    (0..9).map(|tap| row[tap / 3] * column[tap % 3] * f64::from(weights[8 - tap])).sum::<f64>() as f32
}
