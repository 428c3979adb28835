//! Runs both components: a proof is verified, and a content gets its id.
#![forbid(unsafe_code)]

use std::{env, error::Error, fs, path::PathBuf, sync::Arc};

use bytes::Bytes;
use markerbed_core::tree::Expectation;
use markerbed_engine::Engine;
use markerbed_host::component::{ComponentEngine, Limits, Runtime, Verifier};
use markerbed_host::store::MemoryStore;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or("where are the components?")?);
    let runtime = Runtime::new(Limits::default(), None)?;

    let verifier = runtime.load("verifier", &fs::read(folder.join("verifier.wasm"))?)?;
    let verifier = Verifier::new(verifier).await?;
    println!("{:?}", verifier.verify_path(b"no proof", Expectation::Nothing).await?);

    let engine = runtime.load("engine", &fs::read(folder.join("engine.wasm"))?)?;
    let engine = ComponentEngine::new(engine, Arc::new(MemoryStore::default())).await?;
    println!("{:?}", engine.content_ids(&[Bytes::from_static(b"content")]).await?);
    Ok(())
}
