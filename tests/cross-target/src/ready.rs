//! Futures that never wait.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// The output of a future over a store in memory, which never waits.
///
/// # Panics
///
/// If it waits all the same: nobody would ever wake it.
#[expect(clippy::panic, reason = "this is how a suite fails")]
pub fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a store in memory waited"),
    }
}
