//! One instance of a component, from the pool and back.

use std::sync::Arc;

use markerbed_core::codec::FORMAT;
use markerbed_engine::{CallError, RuntimeError};
use wasmtime::{
    Store as Instances, UpdateDeadline,
    component::{HasSelf, Linker},
};

use super::{
    Component,
    bindings::engine::{Engine as EngineWorld, EnginePre},
    failure::{in_one_line, stopped},
    host::Guest,
};
use crate::store::Store;

/// An instance of the world `engine`, with all that it holds.
pub(super) struct Instance {
    pub(super) store: Instances<Guest>,
    pub(super) world: EngineWorld,
}

impl Instance {
    /// Begins a call: what it may compute is counted anew.
    pub(super) fn begin(&mut self) -> (&mut Instances<Guest>, &EngineWorld) {
        self.store.data_mut().begin();
        self.store.set_epoch_deadline(1);
        (&mut self.store, &self.world)
    }
}

/// A component of the world `engine` with its imports bound, ready to be instantiated.
#[derive(Clone)]
pub(super) struct Ready {
    component: Component,
    world: EnginePre<Guest>,
}

impl Ready {
    /// Binds the imports and checks that it is of the world, and of this format.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::NotAComponent`], [`RuntimeError::OtherFormat`].
    pub(super) async fn new(component: Component) -> Result<Self, CallError> {
        let refused = |cause: wasmtime::Error| RuntimeError::NotAComponent {
            world: "engine",
            cause: in_one_line(&cause),
        };
        let mut linker = Linker::new(component.runtime().engine());
        EngineWorld::add_to_linker::<_, HasSelf<_>>(&mut linker, |guest| guest).map_err(refused)?;
        let bound = linker.instantiate_pre(component.compiled()).map_err(refused)?;
        let ready = Self { world: EnginePre::new(bound).map_err(refused)?, component };
        ready.check_format().await?;
        Ok(ready)
    }

    async fn check_format(&self) -> Result<(), CallError> {
        let guest = Guest::alone(self.component.runtime());
        let Instance { mut store, world } = self.instantiate(guest).await?;
        let format = world.markerbed_engine_format();
        let found = format.call_number(&mut store).await.map_err(stopped)?;
        check_format(found)
    }

    /// Takes a fresh instance from the pool.
    ///
    /// # Errors
    ///
    /// [`RuntimeError::OverLimit`] if all are taken.
    pub(super) async fn instance(&self, store: Arc<dyn Store>) -> Result<Instance, CallError> {
        self.instantiate(Guest::on(store, self.component.runtime())).await
    }

    async fn instantiate(&self, guest: Guest) -> Result<Instance, CallError> {
        let mut store = bounded(&self.component, guest);
        let world = self.world.instantiate_async(&mut store).await;
        let world = world.map_err(|error| not_instantiated(&self.component, error))?;
        Ok(Instance { store, world })
    }
}

/// Calls a function of an interface and sorts what comes back.
///
/// The instance must not be used again after [`CallError::Runtime`].
macro_rules! call {
    ($instance:expr, $interface:ident.$function:ident($($argument:expr),*)) => {{
        let $crate::component::instance::Instance { store, world } = &mut $instance;
        let answer = world.$interface().$function(&mut *store, $($argument),*).await;
        let answer = answer.map_err($crate::component::failure::stopped)?;
        $crate::component::failure::answered(store.data_mut(), answer)
    }};
}
pub(super) use call;

/// What an instance lives in, with the limits set.
pub(super) fn bounded(component: &Component, guest: Guest) -> Instances<Guest> {
    let runtime = component.runtime();
    let mut store = Instances::new(runtime.engine(), guest);
    store.limiter(|guest| guest);
    store.set_hostcall_fuel(runtime.limits().host_call_bytes);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| {
        context.data_mut().may_go_on()?;
        Ok(UpdateDeadline::Yield(1))
    });
    store
}

/// Why there is no instance: all are taken, or it stopped while it began.
pub(super) fn not_instantiated(component: &Component, error: wasmtime::Error) -> CallError {
    if error.is::<wasmtime::PoolConcurrencyLimitError>() {
        let max = Some(format!("{} at the same time", component.runtime().limits().instances));
        let (what, limit) = ("instances", "instances");
        return RuntimeError::OverLimit { what, max, limit }.into();
    }
    stopped(error)
}

/// Refuses a component that speaks another format.
pub(super) fn check_format(found: u32) -> Result<(), CallError> {
    if found == FORMAT {
        return Ok(());
    }
    Err(RuntimeError::OtherFormat { found, known: FORMAT }.into())
}
