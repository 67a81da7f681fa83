#![doc = include_str!("../README.md")]

pub mod layering;
pub mod postgres;
pub mod sources;
