//! Drives from a task of tokio.

use std::{panic, sync::Arc};

use markerbed_core::{WorkspaceId, step::Step};
use markerbed_storage::drive::fetch;
use tokio::task;

pub use super::offloaded::Offloaded;
use super::{DriveError, blocking};
use crate::store::Records;

/// Runs an operation to its end.
///
/// A store that blocks is asked on a thread made for that, and what it answers is proven there.
///
/// # Errors
///
/// [`DriveError`]; the operation is then over, and nothing was changed by it.
pub async fn drive<T>(
    mut step: Step<T>,
    records: Arc<dyn Records>,
    workspace: WorkspaceId,
) -> Result<T, DriveError> {
    loop {
        let need = match step {
            Step::Done(output) => return Ok(output),
            Step::Need(need) => need,
        };
        let answers = if records.record_capabilities().blocks_thread {
            let (records, ids) = (records.clone(), need.requests().to_vec());
            offload(move || blocking::wait(fetch(&*records, workspace, &ids))).await?
        } else {
            fetch(&*records, workspace, need.requests()).await?
        };
        step = need.supply(answers)?;
    }
}

/// Runs `work` on a thread that may block; a panic there goes on here.
pub async fn offload<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match task::spawn_blocking(work).await {
        Ok(output) => output,
        Err(failure) => match failure.try_into_panic() {
            Ok(payload) => panic::resume_unwind(payload),
            // The runtime is shutting down and takes no more work: so is this task.
            Err(_) => std::future::pending().await,
        },
    }
}
