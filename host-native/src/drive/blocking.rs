//! Drives from a normal thread.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use markerbed_core::{WorkspaceId, step::Step};

use super::DriveError;
use crate::store::Records;

/// Runs an operation to its end, on this thread.
///
/// # Errors
///
/// [`DriveError`]; the operation is then over, and nothing was changed by it.
pub fn drive<T>(
    step: Step<T>,
    records: &dyn Records,
    workspace: WorkspaceId,
) -> Result<T, DriveError> {
    wait(markerbed_storage::drive::drive(step, records, workspace))
}

/// Waits for a store's answer: the only place that holds a thread for a future.
///
/// A store that never really waits (in memory, in a directory) is polled once. It must not be
/// called inside an asynchronous runtime's own threads.
pub fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        return output;
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::tokio::sync::oneshot;

    #[test]
    fn a_future_that_is_ready_is_polled_once() {
        let mut polls = 0;

        let output = wait(std::future::poll_fn(|_| {
            polls += 1;
            Poll::Ready(7)
        }));

        assert_eq!((output, polls), (7, 1));
    }

    #[test]
    fn a_future_that_another_thread_completes_is_waited_for() {
        let (sender, receiver) = oneshot::channel();
        let other = thread::spawn(move || {
            thread::sleep(std::time::Duration::from_millis(10));
            sender.send(7).unwrap();
        });

        assert_eq!(wait(receiver), Ok(7));
        other.join().unwrap();
    }
}
