//! The provider over HTTP: actix-web around the model.

mod admin;
mod body;
mod route;
mod run;
mod state_file;

pub use run::Running;
pub use state_file::StateFile;

use crate::SharedProvider;
use crate::drive::Driver;
use actix_web::web;
use coffer_core::{Clock, SecureRandom, SystemClock, SystemRandom};
use std::sync::Arc;
use url::Url;

/// A provider with what it needs to serve: alone ([`Service::run`]) or inside another application
/// ([`Service::mount`]).
#[derive(Debug, Clone)]
pub struct Service {
    driver: Driver,
    admin: bool,
    state_file: Option<Arc<StateFile>>,
}

impl Service {
    /// A service with the system's clock and random source and with the admin routes.
    pub fn new(provider: SharedProvider) -> Self {
        Self {
            driver: Driver {
                provider,
                clock: Arc::new(SystemClock),
                random: Arc::new(SystemRandom),
            },
            admin: true,
            state_file: None,
        }
    }

    /// Takes another clock and random source.
    #[must_use]
    pub fn with(mut self, clock: Arc<dyn Clock>, random: Arc<dyn SecureRandom>) -> Self {
        self.driver.clock = clock;
        self.driver.random = random;
        self
    }

    /// Leaves the admin routes out.
    #[must_use]
    pub fn without_admin(mut self) -> Self {
        self.admin = false;
        self
    }

    /// Writes every change to this file before it is answered.
    #[must_use]
    pub fn kept_in(mut self, file: StateFile) -> Self {
        self.state_file = Some(Arc::new(file));
        self
    }

    /// The provider.
    pub const fn provider(&self) -> &SharedProvider {
        &self.driver.provider
    }

    /// Adds the provider's routes to an application: everything below the path of the issuer, so give the issuer a path
    /// (`http://127.0.0.1:8080/sim`) where there are other routes. Use it as `App::new().configure(|c| service.mount(c))`.
    pub fn mount(&self, config: &mut web::ServiceConfig) {
        let issuer = self.driver.provider.with(|provider| provider.issuer().to_owned());
        let base =
            Url::parse(&issuer).map_or(String::new(), |url| url.path().trim_end_matches('/').to_owned());
        let mut scope = web::scope(&base)
            .app_data(web::Data::new(self.clone()))
            .app_data(web::Data::new(route::Base(base.clone())))
            .app_data(web::PayloadConfig::new(route::BODY_LIMIT));
        if self.admin {
            scope = scope.service(admin::scope());
        }
        config.service(scope.default_service(web::to(route::answer)));
    }

    /// Writes what has changed, where it is kept.
    async fn keep(&self) -> Result<(), crate::SimulatorError> {
        match &self.state_file {
            Some(file) => file.write(&self.driver.provider).await,
            None => Ok(()),
        }
    }
}
