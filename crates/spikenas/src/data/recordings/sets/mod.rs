//! Datasets of recordings with a name, one file each: where their files lie and which sample is of which split.

mod all;
mod cifar10_dvs;
mod dvs_gesture;
mod n_caltech101;
mod named;
mod nmnist;
mod shd;
mod split;

pub(in crate::data) use named::{Archive, Expected, NamedRecordings};

#[cfg(test)]
mod tests;
