//! The world `verifier`: bytes in, verdict out, and nothing to ask for.

use markerbed_core::{ObjectId, tree};
use markerbed_engine::{CallError, RuntimeError};
use wasmtime::component::Linker;

use super::{
    Component,
    bindings::verifier::{Verifier as World, VerifierPre},
    failure::{in_one_line, stopped},
    host::Guest,
    instance::{bounded, check_format, not_instantiated},
};

/// A component of the world `verifier`.
#[derive(Clone)]
pub struct Verifier {
    component: Component,
    world: VerifierPre<Guest>,
}

impl Verifier {
    /// Takes a component that asks for nothing at all.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::NotAComponent`] if it is of another world or asks for something,
    /// [`RuntimeError::OtherFormat`].
    pub async fn new(component: Component) -> Result<Self, CallError> {
        let refused = |cause: wasmtime::Error| RuntimeError::NotAComponent {
            world: "verifier",
            cause: in_one_line(&cause),
        };
        let linker = Linker::new(component.runtime().engine());
        let bound = linker.instantiate_pre(component.compiled()).map_err(refused)?;
        let verifier = Self { world: VerifierPre::new(bound).map_err(refused)?, component };
        let (world, mut store) = verifier.instance().await?;
        let format = world.markerbed_engine_format();
        check_format(format.call_number(&mut store).await.map_err(stopped)?)?;
        Ok(verifier)
    }

    /// Verifies the bytes of a proof file.
    ///
    /// # Errors
    ///
    /// [`CallError::Runtime`] if the component was stopped.
    pub async fn verify_path(
        &self,
        proof: &[u8],
        expectation: tree::Expectation,
    ) -> Result<tree::Verdict, CallError> {
        let (world, mut store) = self.instance().await?;
        let verify = world.markerbed_engine_verify();
        let verdict = verify.call_tree_proof(&mut store, proof, expectation.into()).await;
        Ok(verdict.map_err(stopped)?.try_into()?)
    }

    /// Proves that bytes are canonical and are the object of that id.
    ///
    /// # Errors
    ///
    /// [`CallError::Engine`] if they are not, [`CallError::Runtime`] if the component was stopped.
    pub async fn check_object(&self, id: ObjectId, bytes: &[u8]) -> Result<(), CallError> {
        let (world, mut store) = self.instance().await?;
        let verify = world.markerbed_engine_verify();
        let answer = verify.call_check_object(&mut store, id.into(), bytes).await;
        answer.map_err(stopped)?.map_err(|error| match error.into() {
            Ok(error) => CallError::Engine(error),
            Err(said) => {
                let said: super::bindings::verifier::exports::markerbed::engine::types::StoreError =
                    said;
                RuntimeError::Trapped { cause: said.message }.into()
            }
        })
    }

    async fn instance(&self) -> Result<(World, wasmtime::Store<Guest>), CallError> {
        let guest = Guest::alone(self.component.runtime());
        let mut store = bounded(&self.component, guest);
        let world = self.world.instantiate_async(&mut store).await;
        let world = world.map_err(|error| not_instantiated(&self.component, error))?;
        Ok((world, store))
    }
}
