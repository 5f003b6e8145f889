# Everything that a change must pass. CI runs the same.
.PHONY: check format lint test examples docs crates sanitise wgpu devices clothes nir python page cluster faults fuzz fuzz-build

check: format lint test examples docs crates

format:
	cargo fmt --all --check

lint:
	cargo clippy --release --workspace --all-targets -- -D warnings

test:
	cargo test --release --workspace --exclude spikenas-py

# What a user of the library begins with.
examples:
	for name in search train own_score own_dataset; do \
		cargo run --release --quiet --package spikenas --example $$name || exit 1; \
	done

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps

# A build stays small: at most 145 crates, repeated ones counted as cargo prints them (zip, LZ4, Zstandard and XML of recordings took the last 13).
crates:
	@count=$$(cargo tree -e normal,build --prefix none | sort -u | wc -l); \
	echo "$$count crates"; test $$count -le 145

# The tests of the kernels, the only crate with `unsafe` code, under AddressSanitizer. The switch lets the stable compiler take
# the flag.
sanitise:
	RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address cargo test --release --package spikenas-kernels --lib --tests \
		--target x86_64-unknown-linux-gnu --target-dir target/sanitise

# Burn's engine: every golden case and the comparison with the kernels on the CPU, and the smallest golden case on a graphics
# adapter, or on a Vulkan driver in software (Debian: mesa-vulkan-drivers).
wgpu:
	cargo test --release -p spikenas --features wgpu --test golden_network --test engines

# The exported C on microcontrollers: cross-compiled for Cortex-M4 and M7 and run by QEMU, with the instructions of an inference
# (Debian: gcc-arm-none-eabi, libnewlib-arm-none-eabi, qemu-system-arm).
devices:
	cargo test --release -p spikenas --test export_c -- --ignored --nocapture

# Fashion-MNIST from Debian's package dataset-fashion-mnist: read, learned, recorded by the simulated camera.
clothes:
	cargo test --release -p spikenas-cli --test program -- --ignored clothes

# Exports to NIR, read by SpikingJelly and snnTorch from PyPI (5 GB with PyTorch): their layers fire what ours do.
VENV = target/python
PEERS = crates/spikenas-cli/tests/nir/requirements.txt
nir:
	cargo build --release
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement $(PEERS)
	rm -rf target/nir-runs
	for cell in '0313 0031 0003 0000' '0413 0021 0004 0000'; do \
		run="target/nir-runs/$${cell%% *}"; \
		target/release/spikenas train -a "$$cell" -e 1 --limit-train 600 -o "$$run" && \
		target/release/spikenas export "$$run" --to nir -o "$$run-float.nir" || exit 1; \
	done
	target/release/spikenas quantise target/nir-runs/0313 --for simulator
	target/release/spikenas export target/nir-runs/0313 --to nir --integer -o target/nir-runs/0313-integer.nir
	$(VENV)/bin/python crates/spikenas-cli/tests/nir/check.py target/nir-runs/*.nir

# The Python package, built and installed as a user would, and its tests: searches and runs, the example notebook, PyTorch against the golden
# cases, the engine and SpikingJelly, and frames of real recordings, which are downloaded (31 MB) and not kept, against SpikingJelly's.
# It has its virtual environment in common with `make nir`, so that PyTorch comes once.
python:
	cargo build --release
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --constraint $(PEERS) '.[test]'
	SPIKENAS=target/release/spikenas $(VENV)/bin/python -m pytest --quiet crates/spikenas-py/tests

# The pages of reports in headless Chromium (Debian: chromium), driven by Playwright from PyPI.
page:
	cargo build --release
	python3 -m venv target/page
	target/page/bin/pip install --quiet --requirement crates/spikenas-cli/tests/page/requirements.txt
	target/page/bin/python crates/spikenas-cli/tests/page/check.py

# A search and a small study on HyperQueue from PyPI, with two workers of which one is killed: the same as one process makes.
cluster:
	cargo build --release
	python3 -m venv target/cluster
	target/cluster/bin/pip install --quiet --requirement crates/spikenas-cli/tests/cluster/requirements.txt
	target/cluster/bin/python crates/spikenas-cli/tests/cluster/check.py

# Faults injected into the program: a sample of some minutes, or with FAULTS= all of them, or FAULTS="kill --case train". Needs
# strace, and root for small disks.
FAULTS = --short
faults:
	cargo build --release
	python3 crates/spikenas-cli/tests/faults $(FAULTS)

# Every reader on inputs that nobody would write, SECONDS each, with coverage as the guide: `make fuzz READERS=journal SECONDS=60`.
# (`make test` tries the kept corpus and seconds of mutations.) The stable compiler takes the flags of LLVM's instrumentation, and
# that of AddressSanitizer by the switch. New inputs go to target/fuzz/corpus, and those that break a promise to target/fuzz.
READERS = architecture budget config settings journal search supernet epochs evaluation study seeds front correlation table weights integers profile checkpoint image cifar idx recording archive
SECONDS = 600
FUZZER = target/fuzz/x86_64-unknown-linux-gnu/debug/libfuzzer
fuzz: fuzz-build
	for reader in $(READERS); do \
		mkdir -p target/fuzz/corpus/$$reader; \
		SPIKENAS_READER=$$reader $(FUZZER) target/fuzz/corpus/$$reader $$(ls -d crates/spikenas-fuzz/corpus/$$reader) \
			-artifact_prefix=target/fuzz/$$reader- -max_total_time=$(SECONDS) -rss_limit_mb=4096 -timeout=20 || exit 1; \
	done

fuzz-build:
	RUSTC_BOOTSTRAP=1 CARGO_PROFILE_DEV_OPT_LEVEL=1 CARGO_PROFILE_DEV_DEBUG=line-tables-only \
	RUSTFLAGS="-Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
		-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
		-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1" \
	cargo build --package spikenas-fuzz --features libfuzzer --target x86_64-unknown-linux-gnu --target-dir target/fuzz
