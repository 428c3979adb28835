//! Stores over stores: a layer says what it does otherwise, all else goes to what lies below.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use markerbed_core::{ContentId, ObjectId, WorkspaceId};

use super::{
    Batch, Capabilities, ContentReader, ContentWriter, Contents, MaybeSend, MaybeSync, Outcome,
    Records, RequestKey, RowRange, StoreError, Streams, Subscription,
};

/// Makes a trait whose every method asks the contract below, and whoever implements it a store.
macro_rules! layer {
    ($(#[$doc:meta])* $layer:ident over $contract:ident, $capabilities:ident;
        $($name:ident($($argument:ident: $of:ty),*) -> $answer:ty;)*) => {
        $(#[$doc])*
        #[cfg_attr(not(target_arch = "wasm32"), async_trait)]
        #[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
        pub trait $layer: MaybeSend + MaybeSync {
            /// What lies below.
            fn below(&self) -> &dyn $contract;

            #[doc = concat!("As [`", stringify!($contract), "::", stringify!($capabilities), "`].")]
            fn $capabilities(&self) -> Capabilities {
                self.below().$capabilities()
            }

            $(
                #[doc = concat!("As [`", stringify!($contract), "::", stringify!($name), "`].")]
                ///
                /// # Errors
                ///
                /// As there.
                async fn $name(&self, $($argument: $of),*) -> Result<$answer, StoreError> {
                    self.below().$name($($argument),*).await
                }
            )*
        }

        #[cfg_attr(not(target_arch = "wasm32"), async_trait)]
        #[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
        impl<T: $layer> $contract for T {
            fn $capabilities(&self) -> Capabilities {
                $layer::$capabilities(self)
            }

            $(
                async fn $name(&self, $($argument: $of),*) -> Result<$answer, StoreError> {
                    $layer::$name(self, $($argument),*).await
                }
            )*
        }
    };
}

layer! {
    /// What is done otherwise with records.
    RecordsLayer over Records, record_capabilities;
    fetch_objects(workspace: WorkspaceId, ids: &[ObjectId]) -> Vec<Option<Bytes>>;
    has_objects(workspace: WorkspaceId, ids: &[ObjectId]) -> Vec<bool>;
    put_objects(workspace: WorkspaceId, objects: &[(ObjectId, Bytes)]) -> ();
    fetch_rows(workspace: WorkspaceId, keys: &[Bytes]) -> Vec<Option<Bytes>>;
    range_rows(
        workspace: WorkspaceId,
        range: &RowRange,
        limit: usize
    ) -> Vec<(Bytes, Bytes)>;
    number(workspace: WorkspaceId) -> Option<u64>;
    fetch_entries(workspace: WorkspaceId, numbers: Range<u64>) -> Vec<Bytes>;
    find_requests(workspace: WorkspaceId, requests: &[RequestKey]) -> Vec<Option<u64>>;
    commit(workspace: WorkspaceId, batch: Batch) -> Outcome;
}

layer! {
    /// What is done otherwise with contents.
    ContentsLayer over Contents, content_capabilities;
    put_contents(workspace: WorkspaceId, contents: &[Bytes]) -> Vec<ContentId>;
    write_content(workspace: WorkspaceId) -> Box<dyn ContentWriter>;
    fetch_contents(workspace: WorkspaceId, ids: &[ContentId]) -> Vec<Option<Bytes>>;
    read_content(workspace: WorkspaceId, id: ContentId, range: Range<u64>) -> Option<Bytes>;
    open_content(workspace: WorkspaceId, id: ContentId) -> Option<Box<dyn ContentReader>>;
    has_contents(workspace: WorkspaceId, ids: &[ContentId]) -> Vec<bool>;
    content_lengths(workspace: WorkspaceId, ids: &[ContentId]) -> Vec<Option<u64>>;
    remove_contents(workspace: WorkspaceId, ids: &[ContentId]) -> ();
    flush_contents(workspace: WorkspaceId) -> ();
}

layer! {
    /// What is done otherwise with streams.
    StreamsLayer over Streams, stream_capabilities;
    publish(workspace: WorkspaceId, number: u64) -> ();
    subscribe(workspace: WorkspaceId, position: u64) -> Box<dyn Subscription>;
    position(workspace: WorkspaceId, subscriber: &str) -> Option<u64>;
    put_position(workspace: WorkspaceId, subscriber: &str, position: u64) -> ();
}
