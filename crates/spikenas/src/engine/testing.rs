use super::evaluation::Evaluation;
use super::network::{Mode, Network};
use super::tally::Tally;
use crate::data::{Images, Normalisation};
use crate::graph::{Graph, Shape};
use crate::progress::Progress;
use crate::{Error, Result, counted};

/// Images that are tested at a time, at most.
pub const BATCH: usize = 50;

/// Tests a network in evaluation mode, at most `at_a_time` images at a time.
///
/// Errors: no images, images of another shape, labels that the network has no class for, a stop that was asked for.
pub fn evaluate(
    network: &mut dyn Network,
    images: &Images,
    normalisation: &Normalisation,
    at_a_time: usize,
    progress: &mut dyn Progress,
) -> Result<Evaluation> {
    let graph = network.graph().clone();
    check_images(&graph, images)?;
    let mut tally = Tally::new(&graph);
    progress.begin("test", images.len());
    let indices: Vec<usize> = (0..images.len()).collect();
    for chunk in indices.chunks(at_a_time.clamp(1, BATCH)) {
        if progress.is_cancelled() {
            return Err(Error::Interrupted("the test was not finished; test again".into()));
        }
        let batch = images.batch(chunk, normalisation, None);
        let output = network.forward(&batch.images, Mode::Evaluate)?;
        for ((logits, &label), &index) in output.logits.chunks(graph.outputs()).zip(&batch.labels).zip(chunk) {
            tally.add(index, logits, label);
        }
        tally.add_spikes(&output.fired);
        progress.advance(chunk.len(), "");
    }
    if let Some(index) = tally.first_sample() {
        let batch = images.batch(&[index], normalisation, None);
        tally.show_over_time(index, network.forward(&batch.images, Mode::Evaluate)?.fired);
    }
    progress.end();
    Ok(tally.finish(images.len()))
}

/// Whether a network fits these images and labels.
pub fn check_images(graph: &Graph, images: &Images) -> Result<()> {
    if images.is_empty() {
        return Err(Error::invalid("there are no images"));
    }
    if images.shape != graph.input {
        let size = |s: Shape| format!("{}x{}", s.width, s.height);
        return Err(Error::invalid(format!(
            "images are {}, the network takes {}",
            size(images.shape),
            size(graph.input)
        )));
    }
    let (frames, wanted) = (images.frames, graph.config.frames_of_sample());
    if frames != wanted {
        return Err(Error::invalid(format!("samples have {}, the network takes {wanted}", counted(frames, "frame"))));
    }
    let classes = graph.config.classes;
    match images.labels.iter().find(|&&label| usize::from(label) >= classes) {
        Some(label) => {
            Err(Error::invalid(format!("an image is of class {label}, the network has classes 0 to {}", classes - 1)))
        }
        None => Ok(()),
    }
}
