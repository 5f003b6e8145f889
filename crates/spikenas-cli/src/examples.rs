//! Examples at the end of each command's `--help`.

pub const RUN: &str = "\
Examples:
  spikenas run --budget 40k                           the built-in images, in a few minutes
  spikenas run --budget 40k --seeds 3                 three times, and the mean
  spikenas run -d photographs -b 20k                  own images, in layers of 16 and 32 channels
  spikenas run -d cifar10 -b 480KiB --bits 8          a network that fits 480 KiB of 8-bit weights";

pub const SEARCH: &str = "\
Examples:
  spikenas search --budget 40k --out runs/small
  spikenas search --method random --iterations 500 --score sahd
  spikenas search --budget 40k --method evolution --iterations 500
  spikenas search --widths 16,32 --method supernet --out runs/supernet
  spikenas search --budget 40k --shard 2/8 --out runs/shared

Several machines: docs/cluster.md";

pub const MERGE: &str = "\
Examples:
  spikenas search --budget 40k --shard 1/2 --out runs/shared &
  spikenas search --budget 40k --shard 2/2 --out runs/shared; wait
  spikenas merge runs/shared";

pub const SCORE: &str = "\
Examples:
  spikenas score --arch '0313 0031 0003 0000'
  spikenas score -a '0313 0031 0003 0000' -a '0333 0033 0003 0000' --score sahd --json";

pub const MEMORY: &str = "\
Examples:
  spikenas memory runs/small
  spikenas memory --arch '0313 0031 0003 0000' --bits 8
  spikenas memory -a '0313 0031 0003 0000' --preset cifar100 --widths 64,128";

pub const CHIP: &str = "\
Examples:
  spikenas chip list
  spikenas chip show loihi1
  spikenas chip check runs/small --chip stm32f746";

pub const TRAIN: &str = "\
Examples:
  spikenas train runs/small                     the winner of a search
  spikenas train runs/small --resume            the same, after an interruption
  spikenas train -a '0313 0031 0003 0000' -e 20 -o runs/own";

pub const EVALUATE: &str = "\
Examples:
  spikenas evaluate runs/small
  spikenas evaluate model.safetensors --data photographs";

pub const QUANTISE: &str = "\
Examples:
  spikenas quantise runs/small                  8 bits, into the run's folder
  spikenas evaluate runs/small --integer        its accuracy beside the float network's
  spikenas quantise runs/small --bits 4 -o small4.safetensors";

pub const EXPORT: &str = "\
Examples:
  spikenas export runs/small --to c --out small
  cc -std=c99 -O2 small/*.c -o small_test && ./small_test && echo the same scores
  spikenas export runs/small --to nir --out small.nir";

pub const REPRODUCE: &str = "\
Examples:
  spikenas reproduce                            the smallest scale, on the built-in images
  spikenas reproduce --data cifar10 --scale cpu --scenario 2C2O_M,2C3O_M";

pub const ABLATE: &str = "\
Examples:
  spikenas ablate --study operations
  spikenas ablate --study iterations --data cifar10 --scale cpu";

pub const CORRELATE: &str = "\
Examples:
  spikenas correlate --table bench.csv --sample 200 --score funnel,sahd
  spikenas correlate --table bench.csv --half verdict --out ranks";

pub const REPLAY: &str = "\
Examples:
  spikenas replay --table bench.csv --seen best_val_acc
  spikenas replay --table bench.csv --method random,evolution --evaluations 200 --seeds 20";

pub const TABULATE: &str = "\
Examples:
  spikenas tabulate --architectures 12 --epochs 2 --out tables/sample
  spikenas tabulate -d cifar10 --ops snasnet --ops spikenas-3o -b 40k -o tables/cifar10
  spikenas correlate --table tables/cifar10/table.csv -d cifar10";

pub const REPORT: &str = "\
Examples:
  spikenas report runs/small                    a page in the folder
  spikenas report runs/a runs/b --out both.html
  spikenas report runs/small --text";

pub const LIST: &str = "\
Examples:
  spikenas list                                 all runs in runs/
  spikenas list runs/small elsewhere --json";

pub const DATA: &str = "\
Examples:
  spikenas data list
  spikenas data check --data photographs
  spikenas data fetch cifar10                   into data/
  spikenas data fetch cifar10 --from ~/cifar-10-binary.tar.gz
  spikenas data events -d fashion-mnist --images 5000 -o fashion-events";

pub const COMPLETIONS: &str = "\
Examples:
  spikenas completions bash > ~/.local/share/bash-completion/completions/spikenas
  spikenas completions zsh > ~/.zfunc/_spikenas
  spikenas completions fish > ~/.config/fish/completions/spikenas.fish";

pub const MAN: &str = "\
Examples:
  spikenas man | man -l -
  spikenas man run > spikenas-run.1";
