//! What references mean.
