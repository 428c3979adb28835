//! RocksDB: a log-structured merge tree.

use std::path::Path;

use rocksdb::{BlockBasedOptions, Cache, DB, Options, WriteBatch, WriteOptions};

use crate::{
    Engine, Outcome,
    data::{Key, Record},
};

/// RocksDB with synced writes, a filter and a cache that holds all.
pub(crate) struct RocksDb {
    records: DB,
    synced: WriteOptions,
}

impl RocksDb {
    pub(crate) fn open(folder: &Path) -> Outcome<Self> {
        let mut blocks = BlockBasedOptions::default();
        blocks.set_block_cache(&Cache::new_lru_cache(CACHE_BYTES)?);
        blocks.set_bloom_filter(FILTER_BITS_A_KEY, false);
        let mut options = Options::default();
        options.create_if_missing(true);
        options.increase_parallelism(2);
        options.set_block_based_table_factory(&blocks);
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        Ok(Self { records: DB::open(&options, folder)?, synced })
    }
}

impl Engine for RocksDb {
    fn insert(&mut self, records: &[Record]) -> Outcome<()> {
        let mut batch = WriteBatch::default();
        for (key, value) in records {
            batch.put(key, value);
        }
        Ok(self.records.write_opt(batch, &self.synced)?)
    }

    fn read(&self, keys: &[Key]) -> Outcome<usize> {
        if let [key] = keys {
            let value = self.records.get_pinned(key)?;
            return Ok(usize::from(value.is_some_and(|value| !value.is_empty())));
        }
        let mut found = 0;
        for value in self.records.multi_get(keys) {
            found += usize::from(value?.is_some_and(|value| !value.is_empty()));
        }
        Ok(found)
    }
}

const CACHE_BYTES: usize = 512 << 20;
const FILTER_BITS_A_KEY: f64 = 10.0;
