use super::name::Name;
use super::packed::lines;
use crate::quantise::{IntegerNetwork, Runner};

/// `NAME_test.c`.
pub(super) fn test(network: &IntegerNetwork, name: &Name, images: &[u8]) -> String {
    let (length, classes) = (network.graph.sample_len(), network.graph.outputs());
    let runner = Runner::new(network);
    let mut state = runner.state();
    let images: Vec<&[u8]> = images.chunks_exact(length).collect();
    let scores = images.iter().flat_map(|image| runner.run(image, &mut state).scores);
    let scores: Vec<i64> = scores.map(i64::from).collect();
    let rows = images.iter().map(|image| {
        let levels: Vec<i64> = image.iter().map(|&level| i64::from(level)).collect();
        format!("{{\n{}}},\n", lines(&levels))
    });
    let expected = scores.chunks_exact(classes).map(|scores| format!("{{\n{}}},\n", lines(scores)));
    format!(
        "/* Golden images with their scores: returns 0 if every image gives its scores, and 1 otherwise. */\n#include \"{name}.h\"\n\n\
         #define IMAGES {count}\n\nstatic const uint8_t images[IMAGES][{length}] = {{\n{}}};\n\n\
         static const int32_t expected[IMAGES][{classes}] = {{\n{}}};\n\n\
         int main(void)\n{{\n    unsigned image, class;\n    for (image = 0; image < IMAGES; ++image) {{\n        \
         int best = {name}_infer(images[image]);\n        const int32_t *scores = {name}_scores();\n        \
         for (class = 0; class < {classes}; ++class) {{\n            \
         if (scores[class] != expected[image][class] || scores[class] > scores[best]) {{\n                return 1;\n            }}\n        \
         }}\n    }}\n    return 0;\n}}\n",
        rows.collect::<String>(),
        expected.collect::<String>(),
        count = images.len(),
    )
}
