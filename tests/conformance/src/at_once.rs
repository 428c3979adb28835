//! Several callers of one store at once.

use std::{future::Future, sync::Arc};

use markerbed_storage::{MaybeSend, MaybeSync, Store};

/// Does `work` `count` times at once, each on a thread and a runtime of its own.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn at_once<W: Future<Output = ()>>(
    store: &Arc<dyn Store>,
    count: u64,
    work: impl Fn(Arc<dyn Store>, u64) -> W + MaybeSend + MaybeSync + 'static,
) {
    let work = Arc::new(work);
    let threads: Vec<_> = (0..count)
        .map(|number| {
            let (store, work) = (store.clone(), work.clone());
            std::thread::spawn(move || crate::run_on_tokio(work(store, number)))
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Does `work` `count` times at once, by turns: there are no threads.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn at_once<W: Future<Output = ()>>(
    store: &Arc<dyn Store>,
    count: u64,
    work: impl Fn(Arc<dyn Store>, u64) -> W + MaybeSend + MaybeSync + 'static,
) {
    let all = (0..count).map(|number| work(store.clone(), number));
    futures_util::future::join_all(all).await;
}
