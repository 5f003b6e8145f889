use std::fmt::Write;

use super::name::Name;
use super::source::steps_alone;
use crate::cost::{DeviceLedger, DeviceMemory, DevicePlan};
use crate::graph::Shape;
use crate::quantise::IntegerNetwork;

/// `NAME.h`.
pub(super) fn header(
    network: &IntegerNetwork,
    name: &Name,
    classes: &[String],
    plan: &DevicePlan,
    ledger: &DeviceLedger,
) -> String {
    let (graph, upper) = (&network.graph, name.upper());
    let Shape { channels, height, width } = graph.input;
    let timesteps = graph.config.timesteps;
    let mut text = format!(
        "/* A spiking network of spikenas {}: {}, {timesteps} timesteps, weights of {} bits.\n\n",
        env!("CARGO_PKG_VERSION"),
        graph.architecture,
        network.bits
    );
    memory(&mut text, "Flash, without the code", &ledger.flash);
    memory(&mut text, "RAM, without the stack", &ledger.ram);
    let _ = write!(
        text,
        "   The {} the caller's. Nothing is allocated, and no function may be called by two threads at once. */\n\
         #ifndef {upper}_H\n#define {upper}_H\n\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         #define {upper}_CHANNELS {channels}\n#define {upper}_ROWS {height}\n#define {upper}_COLUMNS {width}\n\
         #define {upper}_CLASSES {}\n",
        if network.stages.frames { "frames stay" } else { "image stays" },
        graph.outputs()
    );
    if !classes.is_empty() {
        let names: Vec<String> = classes.iter().map(|class| literal(class)).collect();
        let _ = writeln!(text, "/* Names of the classes, to initialise an array with. */");
        let _ = writeln!(text, "#define {upper}_CLASS_NAMES {}", names.join(", "));
    }
    let _ = write!(text, "\n/* Forgets everything; an inference begins with it. */\nvoid {name}_reset(void);\n\n");
    let (article, sample, argument, values) = match network.stages.frames {
        true => {
            ("a", "recording", "frames", format!("{timesteps} frames one after the other, each of values of 0 to 255"))
        }
        false => ("an", "image", "image", "levels of 0 to 255".into()),
    };
    if steps_alone(network, plan) {
        let _ = write!(
            text,
            "/* Shows one frame, as it comes: {timesteps} of them after a reset, then a decision, are an inference. */\n\
             void {name}_step(const uint8_t *frame);\n\n\
             /* The class of the frames since the last reset. */\nint {name}_decide(void);\n\n"
        );
    }
    let _ = write!(
        text,
        "/* The class of {article} {sample}: {values}, channel by channel, row by row. */\n\
         int {name}_infer(const uint8_t *{argument});\n\n\
         /* The scores of the last {sample}, one for each class. */\nconst int32_t *{name}_scores(void);\n\n\
         #ifdef __cplusplus\n}}\n#endif\n\n#endif\n"
    );
    text
}

fn memory(text: &mut String, title: &str, memory: &DeviceMemory) {
    let _ = writeln!(text, "   {title}: {} bytes", memory.bytes);
    for item in &memory.items {
        let _ = writeln!(text, "   {:>9}  {}", item.bytes, item.name);
    }
    text.push('\n');
}

/// A text as a literal of C. What is no printable ASCII stands as its bytes, in three octal digits each.
fn literal(text: &str) -> String {
    let letter = |byte: u8| match byte {
        b'"' | b'\\' | b'?' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    };
    format!("\"{}\"", text.bytes().map(letter).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_classes_are_literals_whatever_they_hold() {
        assert_eq!(literal("a \"b\\"), "\"a \\\"b\\\\\"");
        assert_eq!(literal("ä\n??/"), "\"\\303\\244\\012\\?\\?/\"");
    }
}
