//! Objects in memory, and a driver that notes what an operation asks for.

use std::{collections::BTreeMap, future::Future};

use markerbed_core::{
    Error, MapId, Object, ObjectId,
    codec::Canonical,
    map::{BuiltMap, Page},
    step::{Io, Step},
};

/// What a store would hold: canonical bytes by id.
#[derive(Clone, Debug, Default)]
pub struct Objects(pub BTreeMap<ObjectId, Vec<u8>>);

/// What an operation gave, and what it asked for, round by round.
#[derive(Clone, Debug)]
pub struct Driven<T> {
    /// The output, or why there is none.
    pub output: Result<T, Error>,
    /// The requests of each round trip.
    pub rounds: Vec<Vec<ObjectId>>,
}

impl Objects {
    /// Adds the pages of a map and gives its root.
    pub fn put_map(&mut self, map: BuiltMap) -> MapId {
        for (id, page) in map.pages {
            self.put_page(id, &page);
        }
        map.root
    }

    /// Adds one page under `id`.
    pub fn put_page(&mut self, id: MapId, page: &Page) {
        self.0.insert(id.into(), page.encode());
    }

    /// Runs an operation to its end on what is here.
    pub fn drive<T: 'static, F>(&self, operation: impl FnOnce(Io) -> F) -> Driven<T>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut rounds = Vec::new();
        let output = self.run(Step::start(operation), &mut rounds);
        Driven { output, rounds }
    }

    fn run<T: 'static>(
        &self,
        step: Result<Step<T>, Error>,
        rounds: &mut Vec<Vec<ObjectId>>,
    ) -> Result<T, Error> {
        let mut step = step?;
        loop {
            let need = match step {
                Step::Done(output) => return Ok(output),
                Step::Need(need) => need,
            };
            rounds.push(need.requests().to_vec());
            let answer =
                |id: &ObjectId| self.0.get(id).map(|bytes| Object::check(*id, bytes)).transpose();
            let answers = need.requests().iter().map(answer).collect::<Result<_, _>>()?;
            step = need.supply(answers)?;
        }
    }
}
