use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::graph::Parameter;

/// Something for each tensor, made when it is first asked for.
pub(crate) struct Kept<T> {
    /// By name and shape, which together say what a tensor is.
    map: Mutex<Entries<T>>,
}

type Entries<T> = HashMap<(String, Vec<usize>), Arc<T>>;

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { map: Mutex::default() }
    }
}

impl<T> Kept<T> {
    fn entries(&self) -> MutexGuard<'_, Entries<T>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept for a tensor, made if it is not there.
    ///
    /// No lock is held while it is made: to make it waits for other threads, and a thread that waits may take up work that
    /// wants the same lock. Of two that make the same at once, the first is kept.
    pub(crate) fn get(&self, parameter: &Parameter, make: impl FnOnce() -> T) -> Arc<T> {
        let key = (parameter.name.clone(), parameter.shape.clone());
        let found = self.entries().get(&key).cloned();
        found.unwrap_or_else(|| {
            let made = Arc::new(make());
            self.entries().entry(key).or_insert(made).clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;
    use crate::graph::ParameterKind;

    #[test]
    fn a_thread_that_makes_something_may_take_up_work_that_asks_for_it() {
        let (send, receive) = channel();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        pool.spawn(move || {
            let (kept, name) = (Kept::default(), "classifier.1.weight".to_string());
            let weight = Parameter { name, shape: vec![2, 3], kind: ParameterKind::Weight };
            let ask = |number| kept.get(&weight, || rayon::yield_now().map_or(number, |_| number));
            let ((), ()) = rayon::join(|| _ = ask(1), || _ = ask(2));
            // The second was taken up, made and kept while the first was being made.
            send.send(*ask(3)).unwrap();
        });
        // Nobody waits for the pool, so that a lock-up is a failure and not a test without an end.
        std::mem::forget(pool);
        assert_eq!(receive.recv_timeout(Duration::from_secs(60)), Ok(2));
    }
}
