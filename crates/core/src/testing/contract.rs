//! What every store must do, whatever it is made of: one test for each sentence of the ports' documentation.
//!
//! ```
//! use coffer_core::ports::Stores;
//! use coffer_core::testing::{FakeClock, MemoryStore};
//! use std::sync::Arc;
//!
//! async fn memory() -> Stores {
//!     Stores::of(&Arc::new(MemoryStore::new(Arc::new(FakeClock::default()))))
//! }
//!
//! coffer_core::store_contract!(crate::memory);
//! # fn main() {}
//! ```
//!
//! The suite goes through the ports alone, and does not depend on what time it is for the store: a lease that has run
//! out is one with a time to live of zero.
#![expect(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests that other crates run: a case's name is its documentation, and a failure is a panic"
)]

pub mod audit;
pub mod block;
pub mod caller;
pub mod commit;
pub mod connection;
pub mod data_key;
mod estate;
pub mod exchange;
pub mod fail;
pub mod flow;
pub mod foreign;
pub mod health;
pub mod idempotency;
pub mod integration;
pub mod lease;
pub mod redeem;
pub mod revoke;
pub mod tenant;
pub mod undone;
mod world;

/// Expands to one test for each case of [`crate::testing::contract`], in modules named after the cases' own.
///
/// It takes the path, from the root of the crate, of an async function that makes a store with nothing in it but the
/// installation. What the function returns lives as long as the test and gives the [`crate::ports::Stores`] by
/// [`AsRef`]. The calling crate needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! store_contract {
    ($fixture:path) => {
        $crate::store_contract_cases! { [$crate::store_contract] @cases $fixture; }
    };
    (@cases $fixture:path; $($module:ident { $($case:ident,)* })*) => {
        $($crate::store_contract! { @module $fixture; $module { $($case,)* } })*
    };
    (@module $fixture:path; $module:ident { $($case:ident,)* }) => {
        mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let fixture = $fixture().await;
                    $crate::testing::contract::$module::$case(fixture.as_ref()).await;
                }
            )*
        }
    };
}

/// Gives the list of all cases, module by module, to another macro: after the tokens that follow its name in brackets.
#[macro_export]
macro_rules! store_contract_cases {
    ([$($then:tt)*] $($given:tt)*) => {
        $($then)*! {
            $($given)*
            tenant {
                tenant_is_found_by_id_and_external_id,
                long_and_foreign_names_come_back_as_they_were,
                tenant_and_its_audit_row_are_made_together,
                of_many_that_make_the_same_tenant_one_does,
                tenants_are_listed_oldest_first_in_pages_without_the_installation,
                installation_is_not_found_as_a_tenant_but_acts_as_one,
                user_is_made_once_and_found_again,
                of_many_that_ensure_the_same_user_all_get_the_same,
                two_tenants_may_use_the_same_external_id_for_a_user,
                users_are_listed_oldest_first_in_pages,
                user_of_an_unknown_tenant_is_refused,
            }
            integration {
                integration_comes_back_as_it_was_with_nested_configuration,
                large_sealed_bytes_come_back_as_they_were,
                integration_name_is_taken_once_per_owner,
                integration_of_an_unknown_or_another_tenant_is_refused,
                integration_is_replaced_where_the_version_is_the_next,
                of_many_updates_of_one_version_one_is_done,
                renaming_to_a_taken_name_is_refused,
                installations_integrations_are_read_by_all_and_written_by_none,
                integrations_are_listed_oldest_first_in_pages,
                integration_in_use_is_not_deleted,
                integration_is_deleted_with_its_revoked_connections,
                shared_integration_in_use_by_a_tenant_is_not_deleted,
                unused_integration_is_deleted_with_its_sessions_and_flows,
            }
            block {
                change_that_did_not_know_of_a_block_does_not_undo_it,
                integration_is_blocked_once_and_keeps_its_version,
                only_an_enabled_integration_is_blocked,
                refusal_of_an_older_version_does_not_block,
            }
            caller {
                caller_is_found_by_id_and_by_the_hash_of_its_key,
                caller_name_and_key_are_taken_once,
                revoked_and_expired_callers_are_found,
                caller_that_is_revoked_again_keeps_its_time,
                callers_are_listed_oldest_first_in_pages,
                caller_of_an_unknown_or_another_tenant_is_refused,
                operator_is_found_by_key_and_revoked_once,
                operator_name_is_taken_once,
                operators_are_listed_oldest_first_in_pages,
            }
            audit {
                audit_row_of_every_verb_and_actor_comes_back_as_it_was,
                audit_log_is_listed_newest_first_in_pages,
                audit_row_for_another_or_an_unknown_tenant_is_refused,
                installation_has_a_log_of_its_own,
            }
            idempotency {
                key_is_taken_once_and_then_answered,
                key_of_another_request_is_a_mismatch,
                of_many_that_take_a_key_one_gets_it,
                key_that_was_given_back_is_new_again,
                key_whose_work_was_abandoned_is_taken_over,
                key_that_expired_is_forgotten_with_its_answer,
                keys_that_expired_are_deleted_when_others_are_taken,
                answer_for_a_key_that_nobody_took_is_refused,
                two_tenants_use_the_same_key_apart,
            }
            data_key {
                first_key_of_each_purpose_is_kept_with_its_wraps,
                first_key_is_stored_as_active,
                of_many_first_keys_one_wins_and_all_get_it,
                key_of_an_unknown_or_another_tenant_is_refused,
                installation_has_keys_of_its_own,
            }
            flow {
                session_is_found_by_the_hash_of_its_token,
                session_for_something_that_is_not_there_is_refused,
                sessions_that_expired_long_ago_are_deleted_with_their_flows,
                session_opens_once_and_is_found_with_its_flow,
                of_many_browsers_that_open_a_session_one_begins,
                flow_of_a_session_that_is_not_there_is_refused,
                flow_is_consumed_once,
                refused_flow_is_consumed_with_its_audit_row,
                of_many_callbacks_of_one_flow_one_is_exchanged,
            }
            exchange {
                exchange_stores_the_pending_connection_as_it_was_given,
                connection_without_optional_parts_comes_back_as_it_was,
                exchange_that_is_committed_twice_is_done_once,
                exchange_that_is_committed_many_times_at_once_is_done_once,
                exchange_for_something_that_is_not_there_is_refused,
                failed_exchange_leaves_no_connection_and_is_told_once,
            }
            redeem {
                confirmed_connection_is_fresh_and_served,
                result_is_redeemed_once,
                flow_without_a_result_is_not_redeemed,
                thr_30_pending_connection_that_was_disconnected_is_not_brought_back,
                replaced_connection_keeps_its_id_and_takes_the_new_tokens,
                replacing_brings_a_revoked_connection_back,
                replacing_fences_off_a_refresh_that_is_under_way,
                attempt_of_replaced_tokens_is_ambiguous_but_no_longer_counts,
                replacing_tokens_that_moved_is_stale,
                replacing_takes_class_and_subject_and_leaves_a_subject_that_is_not_told,
                replacing_by_an_account_that_another_connection_has_is_stale,
                attempts_of_a_replaced_pending_connection_stay_in_the_journal_of_the_one_that_stays,
            }
            connection {
                token_view_has_the_default_slot_and_the_token_of_the_audience,
                token_view_of_a_connection_without_refresh_token_says_so,
                blocked_integration_shows_in_the_views_at_once,
                live_lease_shows_as_refreshing_until_it_ends,
                connections_are_listed_oldest_first_in_pages,
                filters_narrow_the_list_together,
                account_is_found_again_by_integration_person_and_subject,
                thr_30_disconnected_connection_is_not_served_from_that_moment,
                unknown_connection_is_not_disconnected,
            }
            lease {
                thr_13_of_many_refreshers_each_generation_has_one,
                lease_gives_the_slot_as_it_is_with_a_new_epoch,
                thr_13_of_many_that_ask_for_a_lease_one_gets_it,
                holder_that_asks_again_is_refused_like_anybody,
                thr_13_lease_that_has_run_out_is_taken_over_by_one,
                lease_that_is_given_back_is_free_and_a_late_one_is_left_alone,
                thr_17_lease_is_renewed_by_its_holder_alone,
                there_is_nothing_to_lease_of_a_revoked_or_unknown_connection,
                intent_is_stored_as_it_was_given,
                thr_13_intent_is_refused_where_the_lease_is_not_ours,
                thr_30_refresh_is_not_intended_once_disconnected_but_a_revocation_is,
                intent_without_an_outcome_is_ambiguous_for_the_next_holder,
                attempts_are_listed_newest_first_in_pages,
            }
            commit {
                commit_stores_the_new_tokens_and_gives_the_lease_back,
                commit_without_scopes_leaves_them_and_may_end_the_refresh_token,
                commit_clears_what_went_wrong_before,
                commit_that_is_repeated_is_done_once,
                commit_repeated_after_the_next_refresh_changes_nothing,
                thr_13_commit_after_a_later_holder_presented_is_fenced_and_stores_no_token,
                thr_13_commit_before_a_later_holder_presents_is_done_and_that_one_is_refused,
                thr_13_commit_after_a_later_holder_that_sent_nothing_is_done,
                commit_without_a_live_lease_is_done_if_nobody_took_it,
                thr_30_commit_after_disconnect_keeps_the_newest_token_for_revoking,
                thr_30_commit_repeated_after_disconnect_says_revoked,
                thr_30_commit_and_disconnect_at_once_leave_it_revoked,
                pending_connection_stays_pending_when_it_is_refreshed,
                commit_for_something_that_is_not_there_is_refused,
            }
            fail {
                failure_is_stored_and_the_lease_given_back,
                failures_in_a_row_are_counted_where_they_count,
                failure_without_a_state_leaves_state_and_reason,
                lasting_failure_changes_the_state,
                ambiguous_failure_is_counted_and_unresolved_for_the_next,
                failure_that_is_known_is_not_unresolved,
                failure_under_a_lost_lease_stores_the_outcome_alone,
                thr_30_revoked_connection_stays_revoked_when_a_refresh_fails,
                attempt_that_succeeded_does_not_fail_afterwards,
                failure_of_something_that_is_not_there_is_refused,
            }
            revoke {
                only_a_disconnected_connection_is_leased_for_revoking,
                thr_30_refresh_in_flight_is_waited_for_before_revoking,
                tokens_are_shredded_when_the_provider_has_revoked,
                failed_revocation_keeps_the_tokens_and_can_be_tried_again,
                revocation_under_a_lost_lease_is_stale,
                tokens_of_a_connected_account_are_never_shredded,
                revocation_of_something_that_is_not_there_is_refused,
                connection_is_revoked_when_its_last_slot_is,
            }
            foreign {
                thr_1_thr_2_no_method_shows_or_changes_anything_of_another_tenant,
                thr_2_foreign_references_inside_a_record_are_refused,
            }
            undone {
                change_is_undone_when_its_audit_row_cannot_be_written,
                thr_2_change_is_undone_when_its_audit_row_is_for_another_tenant,
            }
            health {
                ping_answers_with_a_time_that_does_not_run_backwards,
            }
        }
    };
}
