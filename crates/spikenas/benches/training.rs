//! Images a second of training steps at widths 16/32 on the CPU: `cargo bench -p spikenas --bench training`.

use std::time::Instant;

use spikenas::network::{Mode, Network, Optimiser, device, loss};
use spikenas::plan::{NetworkConfig, Plan, Shape};
use spikenas::random::generator;
use spikenas::weights::Weights;

const BATCH: usize = 64;
const STEPS: usize = 5;

fn main() {
    // As the program does.
    spikenas_kernels::keep_freed_memory();
    for architecture in ["0333 0033 0003 0000", "0313 0031 0003 0000"] {
        let config = NetworkConfig::preset("sample").unwrap();
        let input = Shape { channels: 3, height: 32, width: 32 };
        let plan = Plan::new(&architecture.parse().unwrap(), &config, input).unwrap();
        let mut network = Network::new(&plan, &Weights::initialised(&plan, 1, 0), &device("cpu").unwrap()).unwrap();
        let mut sgd = Optimiser::sgd(0.9, 5e-4);
        let mut rng = generator(&[1]);
        let values: Vec<f32> = (0..BATCH * input.len()).map(|i| ((i * 7919 % 1000) as f32 - 500.0) / 300.0).collect();
        let labels: Vec<usize> = (0..BATCH).map(|i| i % config.classes).collect();
        for step in 0..STEPS {
            let start = Instant::now();
            let output = network.forward(network.images(&values), Mode::Train { dropout: 0.5, rng: &mut rng });
            let loss = loss(output.logits, &labels, 0.0);
            let forward = start.elapsed().as_secs_f64();
            let gradients = network.gradients(&loss);
            let backward = start.elapsed().as_secs_f64() - forward;
            sgd.step(&mut network, &gradients, 0.1);
            let seconds = start.elapsed().as_secs_f64();
            let value: f32 = loss.into_scalar();
            println!(
                "{architecture} step {step}: {:.1} images/s (forward {forward:.3} s, backward {backward:.3} s, all {seconds:.3} s), loss {value}",
                BATCH as f64 / seconds
            );
        }
    }
}
