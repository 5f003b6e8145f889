pub use burn::tensor::Device;

use crate::{Error, Result};

/// The device of a name, ready to record gradients: `cpu`.
pub fn device(name: &str) -> Result<Device> {
    match name {
        "cpu" => Ok(Device::flex().autodiff()),
        "wgpu" | "cuda" => {
            Err(Error::invalid(format!("device `{name}` is not in this build, which has the CPU only: use cpu")))
        }
        _ => Err(Error::invalid(format!("unknown device `{name}`: choose from cpu, wgpu, cuda"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_that_this_build_lacks_are_one_clear_line() {
        assert!(device("cpu").is_ok());
        for name in ["wgpu", "cuda", "tpu"] {
            let message = device(name).unwrap_err().to_string();
            assert!(message.contains(name) && message.contains("cpu"), "{message}");
        }
    }
}
