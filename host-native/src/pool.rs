//! Work that one thread finds and many threads do, in bounded memory.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// A queue of jobs that ends when one of them fails.
#[derive(Debug)]
pub(crate) struct Pool<J, E> {
    state: Mutex<State<J, E>>,
    /// Jobs came, or the end.
    came: Condvar,
    /// Jobs went, or the end.
    went: Condvar,
    waiting_max: usize,
}

#[derive(Debug)]
struct State<J, E> {
    waiting: VecDeque<J>,
    /// Jobs that other jobs left behind; few, and done first.
    left_behind: VecDeque<J>,
    /// How many jobs are being done.
    running: usize,
    /// No more will be found.
    is_found: bool,
    is_over: bool,
    failure: Option<E>,
}

/// The work is over because some of it failed; why is what [`run`] returns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Over;

/// Lets `find` find jobs on this thread while `threads` others do them with `work`.
///
/// # Errors
///
/// The first failure of either.
pub(crate) fn run<J: Send, E: Send, T>(
    threads: usize,
    waiting_max: usize,
    find: impl FnOnce(&Pool<J, E>) -> Result<T, Stop<E>>,
    work: impl Fn(J, &Pool<J, E>) -> Result<(), Stop<E>> + Sync,
) -> Result<Option<T>, E> {
    let pool = Pool {
        state: Mutex::new(State {
            waiting: VecDeque::new(),
            left_behind: VecDeque::new(),
            running: 0,
            is_found: false,
            is_over: false,
            failure: None,
        }),
        came: Condvar::new(),
        went: Condvar::new(),
        waiting_max,
    };
    let found = thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| pool.work(&work));
        }
        let _end = EndOfPanic(&pool);
        let found = pool.settle(find(&pool));
        pool.lock().is_found = true;
        pool.came.notify_all();
        found
    });
    match pool.state.into_inner().unwrap_or_else(PoisonError::into_inner).failure {
        Some(failure) => Err(failure),
        None => Ok(found),
    }
}

/// Why finding or doing work stopped.
#[derive(Debug)]
pub(crate) enum Stop<E> {
    /// It failed.
    Failed(E),
    /// Something else failed.
    Over,
}

impl<E> From<Over> for Stop<E> {
    fn from(_: Over) -> Self {
        Self::Over
    }
}

impl<J, E> Pool<J, E> {
    /// Adds a job, and waits while too many are waiting.
    ///
    /// # Errors
    ///
    /// [`Over`] if other work failed.
    pub(crate) fn put(&self, job: J) -> Result<(), Over> {
        let mut state = self.lock();
        while state.waiting.len() >= self.waiting_max && !state.is_over {
            state = self.went.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_over {
            return Err(Over);
        }
        state.waiting.push_back(job);
        self.came.notify_one();
        Ok(())
    }

    /// Adds a job that a job leaves for somebody who has time; it never waits.
    pub(crate) fn leave(&self, job: J) {
        self.lock().left_behind.push_back(job);
        self.came.notify_one();
    }

    fn work(&self, work: &(impl Fn(J, &Self) -> Result<(), Stop<E>> + Sync)) {
        while let Some(job) = self.take() {
            let _end = EndOfPanic(self);
            self.settle(work(job, self));
            let mut state = self.lock();
            state.running -= 1;
            if state.running == 0 {
                self.came.notify_all();
            }
        }
    }

    /// The next job; none once there will be none.
    fn take(&self) -> Option<J> {
        let mut state = self.lock();
        loop {
            if state.is_over {
                return None;
            }
            let job = state.left_behind.pop_front().or_else(|| state.waiting.pop_front());
            if job.is_some() {
                state.running += 1;
                self.went.notify_one();
                return job;
            }
            // A job that still runs may leave another one behind.
            if state.is_found && state.running == 0 {
                return None;
            }
            state = self.came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Notes a failure and ends the work with it.
    fn settle<T>(&self, done: Result<T, Stop<E>>) -> Option<T> {
        match done {
            Ok(done) => return Some(done),
            Err(Stop::Failed(failure)) => {
                self.lock().failure.get_or_insert(failure);
            }
            Err(Stop::Over) => {}
        }
        self.end();
        None
    }

    fn end(&self) {
        self.lock().is_over = true;
        self.came.notify_all();
        self.went.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<J, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets a panic of one thread end the work of all: nobody waits for it.
struct EndOfPanic<'a, J, E>(&'a Pool<J, E>);

impl<J, E> Drop for EndOfPanic<'_, J, E> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn every_job_is_done_once_also_those_that_jobs_leave_behind() {
        let sum = AtomicU64::new(0);

        let found = run::<u64, (), _>(
            3,
            2,
            |pool| {
                for job in 1..=100 {
                    pool.put(job)?;
                }
                Ok("all")
            },
            |job, pool| {
                sum.fetch_add(job, Ordering::Relaxed);
                if job <= 100 && job % 10 == 0 {
                    pool.leave(job + 1_000);
                }
                Ok(())
            },
        );

        assert_eq!(found, Ok(Some("all")));
        assert_eq!(sum.into_inner(), 5_050 + 10 * 1_000 + 550);
    }

    #[test]
    fn a_failing_job_ends_the_work_and_the_finding() {
        let found = run(
            2,
            1,
            |pool| {
                loop {
                    pool.put(())?;
                }
            },
            |(), _| Err(Stop::Failed("broken")),
        );

        assert_eq!(found, Err::<Option<()>, _>("broken"));
    }

    #[test]
    fn a_failure_to_find_is_the_failure_of_all() {
        let found = run(2, 1, |_| Err(Stop::<&str>::Failed("lost")), |(), _| Ok(()));

        assert_eq!(found, Err::<Option<()>, _>("lost"));
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panicking_job_ends_the_work() {
        let _ = run::<(), (), ()>(
            1,
            1,
            |pool| {
                loop {
                    pool.put(())?;
                }
            },
            |(), _| panic!("on purpose"),
        );
    }
}
