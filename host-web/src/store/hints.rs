//! Hints that a ledger has grown, between tabs; what is true is the number in the store.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use event_listener::Event;
use js_sys::Uint8Array;
use markerbed_core::WorkspaceId;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{BroadcastChannel, MessageEvent};

/// Whom to wake when a ledger may have grown.
#[derive(Debug, Default)]
pub(super) struct Waiting(RefCell<HashMap<WorkspaceId, Rc<Event>>>);

impl Waiting {
    /// What is notified when this ledger may have grown.
    pub(super) fn event(&self, workspace: WorkspaceId) -> Rc<Event> {
        self.0.borrow_mut().entry(workspace).or_default().clone()
    }

    /// Wakes everybody: the store is closed.
    pub(super) fn wake_all(&self) {
        for event in self.0.borrow().values() {
            event.notify(usize::MAX);
        }
    }

    fn wake(&self, workspace: WorkspaceId) {
        if let Some(event) = self.0.borrow().get(&workspace) {
            event.notify(usize::MAX);
        }
    }
}

/// Says to this tab and all others that a ledger may have grown.
#[derive(Debug)]
pub(super) struct Hints {
    waiting: Rc<Waiting>,
    /// `None` in a browser without channels: then only this tab is told.
    channel: Option<Channel>,
}

/// Closed when it is dropped.
#[derive(Debug)]
struct Channel {
    inner: BroadcastChannel,
    _listener: Closure<dyn Fn(MessageEvent)>,
}

impl Hints {
    pub(super) fn new(name: &str, waiting: Rc<Waiting>) -> Self {
        let channel = BroadcastChannel::new(&format!("markerbed/store/{name}")).ok();
        let channel = channel.map(|channel| {
            let waiting = waiting.clone();
            let hear = Closure::new(move |message: MessageEvent| {
                let said = message.data().dyn_into::<Uint8Array>().map(|said| said.to_vec());
                if let Some(workspace) = said.ok().and_then(|said| said.try_into().ok()) {
                    waiting.wake(WorkspaceId::from_bytes(workspace));
                }
            });
            channel.set_onmessage(Some(hear.as_ref().unchecked_ref()));
            Channel { inner: channel, _listener: hear }
        });
        Self { waiting, channel }
    }

    pub(super) fn tell(&self, workspace: WorkspaceId) {
        self.waiting.wake(workspace);
        if let Some(channel) = &self.channel {
            let said = Uint8Array::from(&workspace.as_bytes()[..]);
            let _a_hint_may_be_lost = channel.inner.post_message(&said);
        }
    }

    pub(super) fn event(&self, workspace: WorkspaceId) -> Rc<Event> {
        self.waiting.event(workspace)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.inner.set_onmessage(None);
        self.inner.close();
    }
}
