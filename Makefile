# Everything that a change must pass. CI runs the same.
.PHONY: check format lint test examples docs crates sanitise wgpu page

check: format lint test examples docs crates

format:
	cargo fmt --all --check

lint:
	cargo clippy --release --workspace --all-targets -- -D warnings

test:
	cargo test --release --workspace

# What a user of the library begins with.
examples:
	for name in search train own_score own_dataset; do \
		cargo run --release --quiet --package spikenas --example $$name || exit 1; \
	done

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps

# A build stays small: at most 130 crates, repeated ones counted as cargo prints them.
crates:
	@count=$$(cargo tree -e normal,build --prefix none | sort -u | wc -l); \
	echo "$$count crates"; test $$count -le 130

# The tests of the kernels, the only crate with `unsafe` code, under AddressSanitizer. The switch lets the stable compiler take
# the flag.
sanitise:
	RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address cargo test --release --package spikenas-kernels --lib --tests \
		--target x86_64-unknown-linux-gnu --target-dir target/sanitise

# Burn's engine: every golden case and the comparison with the kernels on the CPU, and the smallest golden case on a graphics
# adapter, or on a Vulkan driver in software (Debian: mesa-vulkan-drivers).
wgpu:
	cargo test --release -p spikenas --features wgpu --test golden_network --test engines

# The pages of reports in headless Chromium (Debian: chromium), driven by Playwright from PyPI.
page:
	cargo build --release
	python3 -m venv target/page
	target/page/bin/pip install --quiet --requirement crates/spikenas-cli/tests/page/requirements.txt
	target/page/bin/python crates/spikenas-cli/tests/page/check.py
