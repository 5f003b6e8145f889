//! Works that several processes do task by task.

use clap::Args;
use serde::Serialize;
use spikenas::Result;
use spikenas::workflow::Task;

use crate::output::print;

/// The tasks of a work, or one of them.
#[derive(Args, Clone)]
#[command(next_help_heading = "Several machines")]
pub struct TaskArguments {
    /// Print the tasks, a line each, and do none
    #[arg(long, conflicts_with = "task")]
    list_tasks: bool,
    /// Do one task, of the number that --list-tasks gives it: other processes, on other machines too, may do others in the same
    /// folder; the command without it then puts all together
    #[arg(long, value_name = "K")]
    task: Option<usize>,
}

impl TaskArguments {
    /// Whether tasks are asked for.
    pub fn is_given(&self) -> bool {
        self.list_tasks || self.task.is_some()
    }

    /// Prints all tasks, or one after it was done; whether either is asked for.
    pub fn answer<T: Serialize>(
        &self,
        json: bool,
        all: impl FnOnce() -> Result<Vec<Task<T>>>,
        one: impl FnOnce(usize) -> Result<Task<T>>,
        words: impl Fn(&T) -> String,
    ) -> Result<bool> {
        let line = |task: &Task<T>| {
            let accuracy = task.accuracy.map_or("to do".into(), |accuracy| format!("{accuracy:.2} %"));
            format!("{:>5}  {accuracy:>8}  {}\n", task.task, words(&task.what))
        };
        if self.list_tasks {
            let tasks = all()?;
            print(json, &tasks, || tasks.iter().map(line).collect())?;
        } else if let Some(number) = self.task {
            let task = one(number)?;
            print(json, &task, || line(&task))?;
        }
        Ok(self.is_given())
    }
}
