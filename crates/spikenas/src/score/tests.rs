use super::*;
use crate::data::Batch;
use crate::engine::cpu::Cpu;
use crate::engine::engine;
use crate::graph::{Graph, NetworkConfig, Shape};
use crate::space::{Architecture, Digits, SearchSpace};

const IMAGE: Shape = Shape { channels: 3, height: 16, width: 16 };

fn network() -> NetworkConfig {
    NetworkConfig { widths: [4, 8], hidden: 16, last_pool: 2, ..NetworkConfig::preset("sample").unwrap() }
}

fn batches(repeats: usize) -> Vec<Batch> {
    let images = |repeat: usize| (0..8 * IMAGE.len()).map(|i| 1.7 * ((i * i + repeat) as f32 * 0.37).sin()).collect();
    (0..repeats).map(|r| Batch { images: images(r), labels: (0..8).collect() }).collect()
}

fn score(kind: ScoreKind, text: &str, repeats: usize) -> f64 {
    let config = ScoreConfig { kind, batch: 8, repeats, ..ScoreConfig::default() };
    let scorer = scorer(&engine("cpu").unwrap(), &config, &network(), batches(repeats)).unwrap();
    let graph = Graph::new(&Architecture::parse(text, Digits::SpikenasBench).unwrap(), &network(), IMAGE).unwrap();
    let mut found = None;
    scorer
        .score_each(&[graph], &mut |_: usize, score: Score| {
            found = Some(score.value);
            Ok(())
        })
        .unwrap();
    found.unwrap()
}

#[test]
fn every_score_is_the_same_again_and_never_not_a_number() {
    for kind in ScoreKind::ALL {
        for text in ["0313 0031 0003 0000", "0111 0011 0001 0000", "0204 0020 0004 0000"] {
            let value = score(kind, text, 1);
            assert!(!value.is_nan(), "{kind}, {text}");
            assert_eq!(score(kind, text, 1), value, "{kind}, {text}");
        }
    }
}

#[test]
fn new_scores_do_not_see_dead_parts() {
    for kind in ScoreKind::ALL.into_iter().filter(|k| !k.is_of_the_paper()) {
        // 0→1 and 0→2 lead nowhere.
        let (dead, cut) = (score(kind, "0323 0000 0000 0000", 1), score(kind, "0003 0000 0000 0000", 1));
        assert_eq!(dead, cut, "{kind}");
    }
}

#[test]
fn depth_counts_convolutions_first_and_skips_second() {
    let depth = |text: &str| score(ScoreKind::Depth, text, 1);
    assert!(depth("0300 0030 0003 0000") > depth("0333 0003 0003 0000"));
    assert!(depth("0301 0030 0003 0000") > depth("0300 0030 0003 0000"));
    assert_eq!(depth("0330 0000 0000 0000"), f64::NEG_INFINITY);
}

#[test]
fn synflow_falls_with_thresholds_and_rises_with_weights() {
    let synflow = |text: &str| score(ScoreKind::Synflow, text, 1);
    assert!(synflow("0002 0000 0000 0000") > synflow("0003 0000 0000 0000"));
    assert!(synflow("0003 0000 0000 0000") > synflow("0004 0000 0000 0000"));
    assert_eq!(synflow("0000 0000 0000 0000"), f64::NEG_INFINITY);
}

#[test]
fn repeats_are_averaged() {
    for kind in [ScoreKind::Synflow, ScoreKind::MembraneEntropy, ScoreKind::Funnel] {
        let text = "0313 0031 0003 0000";
        assert_ne!(score(kind, text, 2), score(kind, text, 1), "{kind}");
    }
    assert_eq!(score(ScoreKind::Depth, "0313 0031 0003 0000", 3), score(ScoreKind::Depth, "0313 0031 0003 0000", 1));
}

#[test]
fn a_network_without_a_path_never_beats_one_with() {
    for kind in ScoreKind::ALL.into_iter().filter(|&kind| kind != ScoreKind::Parameters) {
        assert!(score(kind, "0000 0000 0000 0000", 1) < score(kind, "0303 0030 0003 0000", 1), "{kind}");
    }
}

#[test]
fn all_scores_of_spikes_come_of_one_pass() {
    let kinds: Vec<ScoreKind> = ScoreKind::ALL.into_iter().filter(|k| k.is_of_spikes()).collect();
    let space = SearchSpace::new(SearchSpace::named("spikenas-bench").unwrap(), 2).unwrap();
    let cells: Vec<_> = space.iter_cells().step_by(1511).collect();
    let graph = |cell| Graph::new(&Architecture::repeated(cell, 2).unwrap(), &network(), IMAGE).unwrap();
    let graphs: Vec<Graph> = cells.into_iter().map(graph).collect();
    let config = ScoreConfig { batch: 8, ..ScoreConfig::default() };
    let images = vec![batches(1).remove(0).images];
    let together = SpikeScorer::of_several(&Cpu, config.clone(), kinds.clone(), &network(), images.clone()).unwrap();
    let mut all = vec![Vec::new(); graphs.len()];
    together
        .score_each_by_all(&graphs, &mut |told| {
            if let Told::Scores(index, scores) = told {
                all[index] = scores.to_vec();
            }
            Ok(())
        })
        .unwrap();
    for (place, &kind) in kinds.iter().enumerate() {
        let alone = SpikeScorer::new(&Cpu, ScoreConfig { kind, ..config.clone() }, &network(), images.clone()).unwrap();
        for (graph, scores) in graphs.iter().zip(&all) {
            assert_eq!(alone.score(graph).unwrap(), scores[place], "{kind}");
        }
    }
}
