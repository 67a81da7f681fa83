use crate::support::{World, cell, is_refused, open, secret, tenant};
use coffer_core::Sealed;
use coffer_core::cell::{Cell, Column, Purpose, Table};
use coffer_core::secret::{ExposeSecret, secret_text};
use coffer_envelope::{EnvelopeError, FailureReason, MAX_PLAINTEXT, OVERHEAD, data_key_id};
use uuid::Uuid;

#[tokio::test]
async fn t1_what_is_sealed_opens_again() {
    let world = World::new();
    for length in [0, 1, 15, 16, 17, 2048, 70_000] {
        let plaintext = vec![0xa5; length];
        let sealed = world.ring.seal(&cell(), &secret(&plaintext)).await.unwrap();
        assert_eq!(sealed.as_bytes().len(), OVERHEAD + length);
        assert_eq!(
            open(&world.ring, &cell(), sealed.as_bytes()).await.unwrap(),
            plaintext
        );
    }
    assert_eq!(world.ring.failures().total(), 0);
}

#[tokio::test]
async fn t1_text_opens_as_text_and_bytes_that_are_no_text_do_not() {
    let world = World::new();
    let text = secret_text("1//refresh-tökén".to_owned());
    let sealed = world.ring.seal_text(&cell(), &text).await.unwrap();
    let opened = world.ring.open_text(&cell(), &sealed).await.unwrap();
    assert_eq!(opened.expose_secret(), text.expose_secret());

    let sealed = world.ring.seal(&cell(), &secret(&[0xff, 0xfe])).await.unwrap();
    let refused = world.ring.open_text(&cell(), &sealed).await;
    assert!(matches!(refused, Err(EnvelopeError::Open)));
    assert_eq!(world.ring.failures().of(FailureReason::NotText), 1);
}

#[tokio::test]
async fn the_longest_plaintext_is_sealed_and_a_longer_one_refused() {
    let world = World::new();
    let longest = world
        .ring
        .seal(&cell(), &secret(&vec![1; MAX_PLAINTEXT]))
        .await
        .unwrap();
    assert!(world.ring.open(&cell(), &longest).await.is_ok());
    let longer = world
        .ring
        .seal(&cell(), &secret(&vec![1; MAX_PLAINTEXT + 1]))
        .await;
    assert!(matches!(longer, Err(EnvelopeError::TooLong(length)) if length == MAX_PLAINTEXT + 1));
    let mut bytes = longest.into_bytes();
    bytes.push(0);
    assert!(is_refused(&world.ring, &cell(), &bytes).await);
    assert_eq!(world.ring.failures().of(FailureReason::Length), 1);
}

/// All bits of a thousand envelopes, of plaintexts from 0 to 31 bytes.
#[tokio::test]
async fn thr_4_no_envelope_with_a_flipped_bit_opens() {
    let world = World::new();
    let mut flipped = 0_u64;
    for number in 0..1000_usize {
        let sealed = world
            .ring
            .seal(&cell(), &secret(&vec![7; number % 32]))
            .await
            .unwrap();
        let mut bytes = sealed.into_bytes();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(
                is_refused(&world.ring, &cell(), &bytes).await,
                "bit {bit} of {number}"
            );
            bytes[bit / 8] ^= 1 << (bit % 8);
            flipped += 1;
        }
    }
    assert!(flipped > 900_000);
    assert_eq!(world.ring.failures().total(), flipped, "every refusal is counted");
}

/// For each field of a cell: the cell with another value there.
fn neighbours(cell: Cell) -> Vec<Cell> {
    let mut others = Vec::new();
    others.extend([0, 2, u128::MAX].map(|number| Cell {
        tenant: tenant(number),
        ..cell
    }));
    others.extend([0, 3, u128::MAX].map(|number| Cell {
        row: Uuid::from_u128(number),
        ..cell
    }));
    others.extend(Table::ALL.iter().map(|&table| Cell { table, ..cell }));
    others.extend(Column::ALL.iter().map(|&column| Cell { column, ..cell }));
    others.extend(Purpose::ALL.iter().map(|&purpose| Cell { purpose, ..cell }));
    others.extend([0, 2, 4, 3 << 8, u64::MAX].map(|generation| Cell { generation, ..cell }));
    others.retain(|other| *other != cell);
    others
}

#[tokio::test]
async fn thr_4_no_envelope_opens_in_another_cell() {
    let world = World::new();
    let sealed = world.ring.seal(&cell(), &secret(b"token")).await.unwrap();
    let others = neighbours(cell());
    assert!(others.len() >= 3 + 3 + 5 + 5 + 4 + 5);
    for other in others {
        // The other tenant has a key of its own, as it would.
        world.ring.prepare(other.tenant).await.unwrap();
        assert!(
            is_refused(&world.ring, &other, sealed.as_bytes()).await,
            "{other:?}"
        );
        // Nor the other way round.
        let foreign = world.ring.seal(&other, &secret(b"token")).await.unwrap();
        assert!(
            is_refused(&world.ring, &cell(), foreign.as_bytes()).await,
            "{other:?}"
        );
    }
    assert_eq!(
        open(&world.ring, &cell(), sealed.as_bytes()).await.unwrap(),
        b"token"
    );
}

#[tokio::test]
async fn thr_4_a_foreign_tenants_data_key_put_under_our_tenant_does_not_unwrap() {
    let world = World::new();
    let theirs = Cell {
        tenant: tenant(2),
        ..cell()
    };
    let sealed = world.ring.seal(&theirs, &secret(b"token")).await.unwrap();
    let mut stolen = world.keys.all().remove(0);
    stolen.tenant = cell().tenant;
    world.keys.put(stolen);
    let refused = world.replica("primary").open(&cell(), &sealed).await;
    assert!(
        matches!(refused, Err(EnvelopeError::KeyDamaged(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn thr_4_no_cut_or_lengthened_envelope_opens() {
    let world = World::new();
    let sealed = world.ring.seal(&cell(), &secret(&[7; 300])).await.unwrap();
    let bytes = sealed.as_bytes();
    for length in 0..bytes.len() {
        assert!(
            is_refused(&world.ring, &cell(), &bytes[..length]).await,
            "end cut to {length}"
        );
        assert!(
            is_refused(&world.ring, &cell(), &bytes[length + 1..]).await,
            "start cut by {length}"
        );
    }
    for more in [1, 16, 100] {
        let longer = [bytes, &vec![0; more]].concat();
        assert!(is_refused(&world.ring, &cell(), &longer).await, "{more} more");
    }
}

#[tokio::test]
async fn unknown_magic_version_suite_and_flags_are_refused_and_counted_apart() {
    let world = World::new();
    let sealed = world.ring.seal(&cell(), &secret(b"token")).await.unwrap();
    let reasons = [
        FailureReason::Magic,
        FailureReason::Version,
        FailureReason::Suite,
        FailureReason::Flags,
    ];
    for (at, reason) in reasons.into_iter().enumerate() {
        for value in 0..=u8::MAX {
            let mut bytes = sealed.as_bytes().to_vec();
            let is_known = bytes[at] == value;
            bytes[at] = value;
            assert_eq!(is_refused(&world.ring, &cell(), &bytes).await, !is_known);
            assert_eq!(data_key_id(&Sealed::from_envelope(bytes)).is_some(), is_known);
        }
        assert_eq!(world.ring.failures().of(reason), 255, "{reason:?}");
    }
}

#[tokio::test]
async fn thr_5_an_older_generation_put_back_does_not_open() {
    let world = World::new();
    let at = |generation| Cell { generation, ..cell() };
    let old = world.ring.seal(&at(7), &secret(b"old token")).await.unwrap();
    let new = world.ring.seal(&at(8), &secret(b"new token")).await.unwrap();
    assert!(
        is_refused(&world.ring, &at(8), old.as_bytes()).await,
        "the row says generation 8"
    );
    assert!(is_refused(&world.ring, &at(7), new.as_bytes()).await);
    assert_eq!(world.ring.failures().of(FailureReason::Authentication), 2);
}

#[tokio::test]
async fn thr_8_commitment_or_body_of_another_key_is_refused_before_it_is_opened() {
    let world = World::new();
    let theirs = Cell {
        tenant: tenant(2),
        ..cell()
    };
    let ours = world
        .ring
        .seal(&cell(), &secret(b"token"))
        .await
        .unwrap()
        .into_bytes();
    let theirs = world
        .ring
        .seal(&theirs, &secret(b"token"))
        .await
        .unwrap()
        .into_bytes();
    for (from, to) in [(20, 52), (52, 84), (20, 84), (84, ours.len()), (20, ours.len())] {
        let mut mixed = ours.clone();
        mixed[from..to].copy_from_slice(&theirs[from..to]);
        assert!(is_refused(&world.ring, &cell(), &mixed).await, "{from}..{to}");
    }
    assert_eq!(world.ring.failures().of(FailureReason::Commitment), 4);
    assert_eq!(world.ring.failures().of(FailureReason::Authentication), 1);
}

#[tokio::test]
async fn every_refusal_looks_the_same() {
    let world = World::new();
    let sealed = world.ring.seal(&cell(), &secret(b"token")).await.unwrap();
    let mut seen = Vec::new();
    for at in [0, 1, 2, 3, 4, 30, 60, 85, 100] {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[at] ^= 1;
        let error = open(&world.ring, &cell(), &bytes).await.unwrap_err();
        let source = std::error::Error::source(&error).is_some();
        seen.push((error.to_string(), format!("{error:?}"), error.code(), source));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}
