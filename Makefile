# Everything that a change must pass. CI runs the same.
.PHONY: check format lint test docs wgpu

check: format lint test docs

format:
	cargo fmt --all --check

lint:
	cargo clippy --release --workspace --all-targets -- -D warnings

test:
	cargo test --release --workspace

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps

# The smallest golden case on a graphics adapter, or on a Vulkan driver in software (Debian: mesa-vulkan-drivers).
wgpu:
	cargo test --release -p spikenas --features wgpu --test golden_network golden_case_on_wgpu
