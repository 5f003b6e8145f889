use std::path::PathBuf;

use clap::Args;
use spikenas::engine::engine;
use spikenas::workflow::study::{self, Estimate, Kind, Scenario, Settings, Study, StudyRecord};
use spikenas::{Error, Progress, Result, counted};

use crate::arguments::{CommonArguments, DataArguments, TaskArguments, short_name};
use crate::output::{duration, grouped, print};
use crate::progress::Terminal;
use crate::report;

/// The paper's scenarios against SNASNet (Table 1, Fig. 8 and 11).
#[derive(Args)]
pub struct ReproduceArguments {
    #[command(flatten)]
    study: StudyArguments,
}

/// What each operation contributes (Fig. 6), or iterations of a random search (Fig. 2b).
#[derive(Args)]
pub struct AblateArguments {
    /// operations: SNASNet's search without each operation in turn; iterations: fewer draws, and fewer operations
    #[arg(long, value_name = "NAME", default_value = "operations", value_parser = parse_kind)]
    study: Kind,
    #[command(flatten)]
    arguments: StudyArguments,
}

fn parse_kind(text: &str) -> Result<Kind> {
    match text.parse()? {
        Kind::Scenarios => Err(Error::invalid("that is `spikenas reproduce`: choose from operations, iterations")),
        kind => Ok(kind),
    }
}

/// Options of all studies.
#[derive(Args)]
struct StudyArguments {
    #[command(flatten)]
    data: DataArguments,
    /// smoke (minutes, with the sample), cpu (one or two hours on two cores), paper (as published), or a file of settings
    #[arg(long, value_name = "NAME|FILE", default_value = "smoke")]
    scale: String,
    /// Print the settings of the scale, to be saved, changed and given to --scale, and do nothing else
    #[arg(long, conflicts_with_all = ["data", "data_dir", "scenario", "out", "device", "seed", "threads", "list_tasks", "task"])]
    show_settings: bool,
    /// Only these scenarios, such as 2C3O_M; may be repeated or joined by commas
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    scenario: Vec<String>,
    /// Folder of the study [default: runs/STUDY-DATA-SCALE-seedN]; repeated after an interruption, it continues
    #[arg(short = 'o', long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Where to train: cpu, or wgpu (Vulkan, Metal, DirectX 12) or cuda where they are built in; search and test stay on the CPU
    #[arg(long, value_name = "NAME", default_value = "cpu")]
    device: String,
    #[command(flatten)]
    tasks: TaskArguments,
    #[command(flatten)]
    common: CommonArguments,
}

pub fn reproduce(arguments: ReproduceArguments) -> Result<()> {
    run(Kind::Scenarios, arguments.study)
}

pub fn ablate(arguments: AblateArguments) -> Result<()> {
    run(arguments.study, arguments.arguments)
}

fn run(kind: Kind, arguments: StudyArguments) -> Result<()> {
    let settings = Settings::open(&arguments.scale)?;
    if arguments.show_settings {
        return print(arguments.common.machine.json, &settings, || settings.to_string());
    }
    arguments.common.machine.start_threads()?;
    let engine = engine(&arguments.device)?;
    let scenarios = Scenario::pick(Scenario::all(kind), &arguments.scenario)?;
    let dataset = arguments.data.open()?;
    let seed = arguments.common.seed.unwrap_or(settings.train.seed);
    let question =
        Study { kind, scale: arguments.scale.clone(), seed, data: arguments.data.config(&dataset), settings };
    let folder = arguments.out.unwrap_or_else(|| {
        let scale =
            PathBuf::from(&question.scale).file_stem().map_or(question.scale.clone(), |s| s.to_string_lossy().into());
        let data = short_name(&question.data.source);
        PathBuf::from("runs").join(format!("{kind}-{data}-{scale}-seed{seed}"))
    });
    study::check(&question, &scenarios, &dataset, &folder)?;
    let progress = &mut Terminal::new();
    let is_answered = arguments.tasks.answer(
        arguments.common.machine.json,
        || study::tasks(&scenarios, &folder),
        |number| study::run_task(&question, &scenarios, &dataset, engine.as_ref(), &folder, number, progress),
        |task| task.scenario.clone(),
    )?;
    if is_answered {
        return Ok(());
    }
    progress.note(&format!("{} in {}", counted(scenarios.len(), "run"), folder.display()));
    if engine.name() == "cpu" {
        let seconds = Estimate::new(&question, &scenarios, &dataset, &engine)?.total();
        progress.note(&format!("all of them take about {} on this machine", duration(seconds)));
    }
    // Without a page the study goes on, and its results are printed.
    let mut page = Ok(());
    let record =
        study::run(&question, &scenarios, &dataset, engine.as_ref(), &folder, progress, &mut |_, progress| {
            page = report::write_page(&folder).map(|page| progress.note(&format!("page {}", page.display())));
            Ok(())
        })?;
    print(arguments.common.machine.json, &record, || words(&record))?;
    page
}

/// The results in words.
fn words(record: &StudyRecord) -> String {
    let mut text = format!(
        "{:<20} {:>10} {:>11} {:>11} {:>9} {:>11}\n",
        "scenario", "accuracy", "backbone", "budget", "scored", "search"
    );
    for r in &record.results {
        text += &format!(
            "{:<20} {:>8.2} % {:>11} {:>11} {:>9} {:>11}\n",
            r.scenario.name,
            r.accuracy,
            grouped(r.search.parameters.backbone),
            r.search.budget.map_or("none".into(), grouped),
            r.search.scored,
            format!("{}{}", r.mark(), duration(r.search_seconds)),
        );
    }
    if record.results.iter().any(|r| r.extrapolated_from.is_some()) {
        text += "≈ extrapolated from fewer draws\n";
    }
    text
}
