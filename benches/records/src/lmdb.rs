//! LMDB: a B-tree in mapped memory, one write at a time.

use std::path::Path;

use heed::{Database, Env, EnvOpenOptions, types::Bytes};

use crate::{Engine, Outcome, data::Key, data::Record};

/// LMDB with its defaults: a commit is synced.
pub(crate) struct Lmdb {
    environment: Env,
    records: Database<Bytes, Bytes>,
}

impl Lmdb {
    pub(crate) fn open(folder: &Path) -> Outcome<Self> {
        let environment = environment(folder)?;
        let mut transaction = environment.write_txn()?;
        let records = environment.create_database(&mut transaction, Some("records"))?;
        transaction.commit()?;
        Ok(Self { environment, records })
    }
}

impl Engine for Lmdb {
    fn insert(&mut self, records: &[Record]) -> Outcome<()> {
        let mut transaction = self.environment.write_txn()?;
        for (key, value) in records {
            self.records.put(&mut transaction, key, value)?;
        }
        Ok(transaction.commit()?)
    }

    fn read(&self, keys: &[Key]) -> Outcome<usize> {
        let transaction = self.environment.read_txn()?;
        let mut found = 0;
        for key in keys {
            let value = self.records.get(&transaction, key)?;
            found += usize::from(value.is_some_and(|value| !value.is_empty()));
        }
        Ok(found)
    }
}

pub(crate) fn version() -> String {
    let version = heed::lmdb_version();
    format!("LMDB {}.{}.{} by heed", version.major, version.minor, version.patch)
}

/// heed calls this unsafe because a mapped file must not be changed by others: nobody else knows
/// of this folder.
#[allow(unsafe_code)]
fn environment(folder: &Path) -> Outcome<Env> {
    let mut options = EnvOpenOptions::new();
    options.map_size(MAP_BYTES_MAX).max_dbs(1);
    Ok(unsafe { options.open(folder) }?)
}

const MAP_BYTES_MAX: usize = 32 << 30;
