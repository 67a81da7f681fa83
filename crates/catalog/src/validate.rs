//! The rules of a provider file that its types do not already state.

use crate::error::Problem;
use crate::provider::Provider;

/// Every broken rule, in the order of the file's schema.
pub(crate) fn validate(provider: &Provider) -> Vec<Problem> {
    let mut problems = Vec::new();
    if provider.schema != 1 {
        problems.push(Problem {
            field: "schema".to_owned(),
            message: format!("is {}", provider.schema),
            hint: "write 1".to_owned(),
        });
    }
    problems
}
