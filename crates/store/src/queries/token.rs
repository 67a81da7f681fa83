use super::Conn;
use crate::error::Fault;
use crate::rows::TokenViewRow;
use crate::token_view::TokenViewQuery;
use coffer_core::connection::TokenView;
use diesel::prelude::OptionalExtension;
use diesel_async::RunQueryDsl;

pub(crate) async fn view(c: &mut Conn, query: &TokenViewQuery) -> Result<Option<TokenView>, Fault> {
    let row: Option<TokenViewRow> = query.clone().get_result(c).await.optional()?;
    Ok(row.map(|row| row.into_view(&query.audience)).transpose()?)
}
