//! Where each of the wallet's secrets lies: one function for each kind, so that sealing and opening agree.

use coffer_core::cell::{Cell, Column, Purpose, Table};
use coffer_core::id::{ConnectionId, FlowId, IntegrationId, SlotId, TenantId};
use uuid::Uuid;

pub(crate) fn refresh_token(tenant: TenantId, slot: SlotId, generation: u64) -> Cell {
    Cell {
        tenant,
        table: Table::CredentialSlots,
        row: slot.uuid(),
        column: Column::RefreshToken,
        purpose: Purpose::ProviderToken,
        generation,
    }
}

pub(crate) fn access_token(tenant: TenantId, row: Uuid, generation: u64) -> Cell {
    Cell {
        tenant,
        table: Table::AccessTokens,
        row,
        column: Column::AccessToken,
        purpose: Purpose::ProviderToken,
        generation,
    }
}

pub(crate) fn identity(tenant: TenantId, connection: ConnectionId) -> Cell {
    Cell {
        tenant,
        table: Table::Connections,
        row: connection.uuid(),
        column: Column::ConnectionIdentity,
        purpose: Purpose::Identity,
        generation: 0,
    }
}

pub(crate) fn integration_secrets(owner: TenantId, id: IntegrationId, version: u64) -> Cell {
    Cell {
        tenant: owner,
        table: Table::Integrations,
        row: id.uuid(),
        column: Column::IntegrationSecrets,
        purpose: Purpose::IntegrationConfig,
        generation: version,
    }
}

pub(crate) fn flow_secrets(tenant: TenantId, flow: FlowId) -> Cell {
    Cell {
        tenant,
        table: Table::Flows,
        row: flow.uuid(),
        column: Column::FlowSecrets,
        purpose: Purpose::FlowState,
        generation: 0,
    }
}

pub(crate) fn idempotent_answer(tenant: TenantId, row: Uuid) -> Cell {
    Cell {
        tenant,
        table: Table::IdempotencyKeys,
        row,
        column: Column::IdempotentAnswer,
        purpose: Purpose::IdempotentAnswer,
        generation: 0,
    }
}
