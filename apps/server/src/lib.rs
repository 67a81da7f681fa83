#![doc = include_str!("../README.md")]

mod access;
mod answer;
pub mod app;
mod body;
pub mod cli;
pub mod compose;
pub mod config;
pub mod demo;
pub mod doctor;
pub mod error;
pub mod health;
pub mod log;
pub mod metrics;
mod nul;
mod observe;
pub mod openapi;
mod pages;
pub mod problem;
pub mod request_id;
pub mod routes;
pub mod seed;
pub mod server;
mod timing;
