//! Mirrors of whole trees.
