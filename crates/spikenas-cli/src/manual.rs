//! What shells and `man` know about the program, from the definition of its options.

use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use spikenas::{Error, Result};

use crate::output::print_bytes;

/// What stands at the foot of a manual page.
const SOURCE: &str = concat!("spikenas ", env!("CARGO_PKG_VERSION"));

/// Print the completions of a shell, to be kept where it looks for them.
#[derive(Args)]
pub struct CompletionsArguments {
    /// bash, zsh, fish, elvish or powershell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Print the manual page of the program, or of one of its commands.
#[derive(Args)]
pub struct ManArguments {
    /// A command, such as run, or data fetch
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

pub fn completions(arguments: &CompletionsArguments, mut program: Command) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, "spikenas", &mut script);
    print_bytes(&script)
}

pub fn man(arguments: &ManArguments, mut program: Command) -> Result<()> {
    program.build();
    let (mut page, mut title) = (&program, String::from("spikenas"));
    for name in &arguments.command {
        title = format!("{title}-{name}");
        let known = || page.get_subcommands().map(Command::get_name);
        page = page.find_subcommand(name).ok_or_else(|| Error::unknown("command", name, known()))?;
    }
    let mut text = Vec::new();
    Man::new(page.clone()).title(title).source(SOURCE).render(&mut text).map_err(Error::io("the manual page"))?;
    print_bytes(&text)
}
