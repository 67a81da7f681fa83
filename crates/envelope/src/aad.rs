//! The authenticated data of an envelope.

use crate::format::Header;
use coffer_core::cell::Cell;

const LABEL: &[u8] = b"coffer/envelope/v1";

/// Label and version, header, then each field of the cell with its length in front (u32, big-endian). All lengths
/// are fixed today; the prefixes keep it injective when one is not.
pub(crate) fn of(header: &Header, cell: &Cell) -> Vec<u8> {
    let mut aad = Vec::with_capacity(108);
    aad.extend_from_slice(LABEL);
    aad.extend_from_slice(header.as_bytes());
    field(&mut aad, *cell.tenant.as_bytes());
    field(&mut aad, cell.table.code().to_be_bytes());
    field(&mut aad, *cell.row.as_bytes());
    field(&mut aad, cell.column.code().to_be_bytes());
    field(&mut aad, cell.purpose.code().to_be_bytes());
    field(&mut aad, cell.generation.to_be_bytes());
    aad
}

fn field<const N: usize>(aad: &mut Vec<u8>, value: [u8; N]) {
    #[expect(clippy::as_conversions, reason = "a constant, and at most 16")]
    let length = const { N as u32 };
    aad.extend_from_slice(&length.to_be_bytes());
    aad.extend_from_slice(&value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use coffer_core::cell::{Column, Purpose, Table};
    use coffer_core::id::{DataKeyId, TenantId};
    use proptest::prelude::*;
    use uuid::Uuid;

    fn any_input() -> impl Strategy<Value = (u128, Cell)> {
        // Few values, so that equal fields are common: two inputs often differ in one field only.
        let id = prop_oneof![Just(0_u128), Just(1), Just(1 << 8), any::<u128>()];
        let ids = (id.clone(), id.clone(), id);
        let codes = (
            proptest::sample::select(Table::ALL),
            proptest::sample::select(Column::ALL),
            proptest::sample::select(Purpose::ALL),
        );
        (ids, codes, prop_oneof![0_u64..3, any::<u64>()]).prop_map(|(ids, codes, generation)| {
            let cell = Cell {
                tenant: TenantId::from_uuid(Uuid::from_u128(ids.1)),
                table: codes.0,
                row: Uuid::from_u128(ids.2),
                column: codes.1,
                purpose: codes.2,
                generation,
            };
            (ids.0, cell)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]
        #[test]
        fn thr_4_authenticated_data_is_injective(a in any_input(), b in any_input()) {
            let aad = |(key, cell): &(u128, Cell)| of(&Header::new(DataKeyId::from_uuid(Uuid::from_u128(*key))), cell);
            prop_assert_eq!(aad(&a) == aad(&b), a == b);
        }
    }
}
