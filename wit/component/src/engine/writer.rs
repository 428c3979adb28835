//! Makes a tree step by step and puts it in batches.

use alloc::vec::Vec;
use core::{cell::RefCell, mem};

use markerbed_core::{
    ContentId, Error, Fault,
    hash::content_id,
    tree::{MadeTree, TreeMaker},
};

use crate::{
    bindings::{exports::markerbed::engine::trees, markerbed::engine::contents, types},
    drive::{CALL_BYTES, CALL_ITEMS, put_objects},
};

/// A tree that is being made. A component runs on one thread at a time.
pub(crate) struct Writer {
    workspace: types::Id,
    making: RefCell<Option<Making>>,
}

#[derive(Default)]
struct Making {
    tree: TreeMaker,
    contents: Vec<Vec<u8>>,
    ids: Vec<ContentId>,
    contents_bytes: usize,
}

impl trees::GuestWriter for Writer {
    fn new(workspace: types::Id) -> Self {
        Self { workspace, making: RefCell::new(Some(Making::default())) }
    }

    fn take(&self, steps: Vec<trees::Step>) -> Result<(), types::Error> {
        let mut making = self.making.borrow_mut();
        let making = making.as_mut().ok_or(FINISHED)?;
        for step in steps {
            making.take(step)?;
            if making.contents.len() >= CALL_ITEMS || making.contents_bytes >= CALL_BYTES {
                making.put_contents(self.workspace)?;
            }
            if making.tree.objects_bytes() >= CALL_BYTES {
                put_objects(self.workspace, making.tree.take_objects())?;
            }
        }
        Ok(())
    }

    fn finish(&self) -> Result<types::ObjectId, types::Error> {
        let mut making = self.making.borrow_mut().take().ok_or(FINISHED)?;
        making.put_contents(self.workspace)?;
        let MadeTree { root, objects } = making.tree.finish()?;
        put_objects(self.workspace, objects)?;
        Ok(markerbed_core::ObjectId::from(root).into())
    }
}

impl Making {
    fn take(&mut self, step: trees::Step) -> Result<(), Error> {
        match step {
            trees::Step::Enter(name) => self.tree.enter(&name),
            trees::Step::File(trees::NewFile { name, executable, bytes }) => {
                let (size, id) = (bytes.len() as u64, content_id(&bytes));
                self.tree.add_file(&name, executable, size, id)?;
                self.contents_bytes += bytes.len();
                self.contents.push(bytes);
                self.ids.push(id);
                Ok(())
            }
            trees::Step::StoredFile(trees::StoredFile { name, executable, size, content }) => {
                self.tree.add_file(&name, executable, size, content.into())
            }
            trees::Step::Symlink((name, target)) => self.tree.add_symlink(&name, &target),
            trees::Step::Leave => self.tree.leave(),
        }
    }

    /// Puts the contents that wait. The store calls them by their ids, too, which are compared.
    fn put_contents(&mut self, workspace: types::Id) -> Result<(), types::Error> {
        let contents = mem::take(&mut self.contents);
        let called = mem::take(&mut self.ids);
        self.contents_bytes = 0;
        if contents.is_empty() {
            return Ok(());
        }
        let ids = contents::put_contents(workspace, &contents)?;
        let agree = ids.into_iter().map(ContentId::from).eq(called);
        if agree { Ok(()) } else { Err(Error::AnswersOutOfOrder.into()) }
    }
}

/// A writer makes one tree.
const FINISHED: Error = Error::Malformed { fault: Fault::OutOfRange, offset: 0 };
