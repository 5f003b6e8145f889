//! The C code of integer networks, compiled by the system's compiler with every warning an error and with the sanitizers of
//! addresses and undefined behaviour, gives the scores of the integer engine; its symbols have the bytes of the ledger.

use std::path::Path;
use std::process::Command;

use spikenas::cost::{DeviceLedger, DeviceMemory, LeakKind, Schedule, Target, WeightBits};
use spikenas::export::c::{CExport, Name};
use spikenas::graph::{Graph, NetworkConfig, Normalisation, ParameterKind, Shape};
use spikenas::quantise::IntegerNetwork;
use spikenas::random::{RngExt, generator};
use spikenas::weights::Weights;

const SCHEDULES: [Schedule; 2] = [Schedule::Layers, Schedule::Steps];
const LEAKS: [LeakKind; 2] = [LeakKind::Exact, LeakKind::Shift];
const BITS: [WeightBits; 3] = [WeightBits::Two, WeightBits::Four, WeightBits::Eight];

fn graph(architecture: &str, cells: usize, side: usize, frames: bool) -> Graph {
    let sample = NetworkConfig::preset("sample").unwrap();
    let config = NetworkConfig {
        cells,
        widths: [4, 6],
        last_pool: 1,
        hidden: 7,
        classes: 11,
        cluster: 2,
        timesteps: 4,
        frames,
        ..sample
    };
    Graph::new(&architecture.parse().unwrap(), &config, Shape { channels: 3, height: side, width: 8 }).unwrap()
}

/// A network with batch norms of any scale and sign.
fn network(graph: &Graph, seed: u64, bits: WeightBits, leak: LeakKind) -> IntegerNetwork {
    let mut weights = Weights::initialised(graph, seed, 0);
    let mut random = generator(&[seed]);
    for parameter in graph.parameters() {
        let range = match parameter.kind {
            ParameterKind::Scale => -0.5..1.5,
            ParameterKind::Shift | ParameterKind::RunningMean | ParameterKind::Bias => -0.3..0.3,
            ParameterKind::RunningVariance => 0.1..0.6,
            ParameterKind::Weight => continue,
        };
        let values = (0..parameter.shape.iter().product()).map(|_| random.random_range(range.clone())).collect();
        weights.set(&parameter.name, values);
    }
    let target = if graph.config.cells == 2 && leak == LeakKind::Exact { Target::Simulator } else { Target::Device };
    IntegerNetwork::new(graph, &weights, &Normalisation::CIFAR10, bits, Some(leak), target).unwrap()
}

fn images(graph: &Graph, count: usize) -> Vec<u8> {
    let mut random = generator(&[17]);
    (0..count * graph.sample_len()).map(|_| random.random_range(0..=255)).collect()
}

/// What a command that succeeds says, on stdout and then on stderr.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned() + &said
}

fn write(folder: &Path, export: &CExport) {
    let files = [("net.h", &export.header), ("net.c", &export.source), ("net_test.c", &export.test)];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

/// Bytes of the constants and of the state of an object file, by a `nm`.
fn symbols(nm: &str, object: &Path) -> (u64, u64) {
    let (mut constant, mut state) = (0, 0);
    for line in run(Command::new(nm).args(["-S", "--defined-only"]).arg(object)).lines() {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let [_, size, kind, _] = parts[..] else { continue };
        let size = u64::from_str_radix(size, 16).unwrap();
        match kind {
            "r" | "R" => constant += size,
            "b" | "B" | "d" | "D" => state += size,
            _ => {}
        }
    }
    (constant, state)
}

/// What of a memory the export's own code takes.
fn own(memory: &DeviceMemory) -> u64 {
    let items = memory.items.iter().filter(|item| item.name != DeviceLedger::IMAGE);
    items.map(|item| item.bytes).sum()
}

/// Every arithmetic and schedule of the first architecture, and one of each other.
fn cases() -> Vec<(&'static str, WeightBits, LeakKind, Schedule)> {
    let of = |bits| LEAKS.map(|leak| SCHEDULES.map(|schedule| ("0413 0031 0003 0000", bits, leak, schedule)));
    let mut cases: Vec<_> = BITS.into_iter().flat_map(of).flatten().collect();
    cases.push(("0411 0043 0004 0000", WeightBits::Four, LeakKind::Exact, Schedule::Layers));
    cases.push(("0143 0014 0002 0000", WeightBits::Eight, LeakKind::Shift, Schedule::Steps));
    cases.push(("0310 0000 0001 0000", WeightBits::Two, LeakKind::Exact, Schedule::Layers));
    cases
}

#[test]
fn compiled_code_gives_the_engines_scores_and_has_the_ledgers_bytes() {
    let name: Name = "net".parse().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (number, (architecture, bits, leak, schedule)) in cases().into_iter().enumerate() {
        let graph = graph(architecture, 1 + number % 3, 8, number / 2 % 2 == 1);
        let network = network(&graph, number as u64, bits, leak);
        let export = CExport::new(&network, &name, &[], Some(schedule), &images(&graph, 6)).unwrap();
        write(folder.path(), &export);
        let what = format!("{architecture}, {bits} bits, {leak:?}, {schedule}");
        let strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"];
        let sanitized = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "net.c", "net_test.c"];
        run(Command::new("gcc").current_dir(&folder).args(strict).args(sanitized).args(["-o", "test"]));
        let status = Command::new(folder.path().join("test")).status().unwrap();
        assert_eq!(status.code(), Some(0), "{what}");
        run(Command::new("gcc").current_dir(&folder).args(strict).args(["-Os", "-c", "net.c"]));
        let expected = (own(&export.ledger.flash), own(&export.ledger.ram));
        assert_eq!(symbols("nm", &folder.path().join("net.o")), expected, "{what}");
    }
}

#[test]
fn the_test_program_tells_other_scores() {
    let graph = graph("0313 0031 0003 0000", 2, 12, false);
    let network = network(&graph, 3, WeightBits::Four, LeakKind::Exact);
    let export =
        CExport::new(&network, &Name::default(), &["a\"".into(), "b".into(), "c".into()], None, &images(&graph, 3))
            .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = export.source.split_once("output_biases[11] = {\n").unwrap();
    let source = format!("{before}output_biases[11] = {{\n1 + {after}");
    for (text, expected) in [(&export.source, 0), (&source, 1)] {
        std::fs::write(folder.path().join("spikenas.h"), &export.header).unwrap();
        std::fs::write(folder.path().join("spikenas.c"), text).unwrap();
        std::fs::write(folder.path().join("test.c"), &export.test).unwrap();
        run(Command::new("gcc").current_dir(&folder).args(["-std=c99", "spikenas.c", "test.c", "-o", "test"]));
        let status = Command::new(folder.path().join("test")).status().unwrap();
        assert_eq!(status.code(), Some(expected));
    }
}

/// Cross-compiled, for Cortex-M4 and M7, and run by QEMU: `make devices`, which installs both.
#[test]
#[ignore = "needs arm-none-eabi-gcc and qemu-system-arm"]
fn microcontrollers_give_the_engines_scores_and_their_symbols_have_the_ledgers_bytes() {
    const IMAGES: usize = 20;
    let board = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/device");
    for (cpu, machine) in [("cortex-m4", "mps2-an386"), ("cortex-m7", "mps2-an500")] {
        for (number, schedule) in SCHEDULES.into_iter().enumerate() {
            let graph = graph("0413 0031 0003 0000", 2, 16, false);
            let network = network(&graph, number as u64, BITS[1 + number], LEAKS[number]);
            let export =
                CExport::new(&network, &"net".parse().unwrap(), &[], Some(schedule), &images(&graph, IMAGES)).unwrap();
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), &export);
            let gcc = || {
                let mut command = Command::new("arm-none-eabi-gcc");
                command
                    .current_dir(&folder)
                    .arg(format!("-mcpu={cpu}"))
                    .args(["-mthumb", "-std=c99", "-Os", "-Wall", "-Wextra", "-Werror"]);
                command
            };
            run(gcc().args(["-c", "net.c", "-o", "net.o"]));
            let expected = (own(&export.ledger.flash), own(&export.ledger.ram));
            assert_eq!(symbols("arm-none-eabi-nm", &folder.path().join("net.o")), expected, "{cpu}, {schedule}");
            run(gcc().args(["-Dmain=golden", "-c", "net_test.c", "-o", "test.o"]));
            let link = ["-nostartfiles", "--specs=nano.specs", "net.o", "test.o", "-o", "test.elf", "-T"];
            run(gcc().args(link).arg(board.join("board.ld")).arg(board.join("board.c")));
            let qemu = [
                "-nographic",
                "-icount",
                "shift=0",
                "-semihosting-config",
                "enable=on,target=native",
                "-kernel",
                "test.elf",
            ];
            let said = run(Command::new("qemu-system-arm").current_dir(&folder).args(["-M", machine]).args(qemu));
            let instructions: u64 = said.trim().parse().unwrap_or_else(|_| panic!("`{said}` is no number"));
            assert!(instructions > 0, "{cpu}");
            println!("{cpu}, {schedule}: {} instructions per inference", instructions / IMAGES as u64);
        }
    }
}
