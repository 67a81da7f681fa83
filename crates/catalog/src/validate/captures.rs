//! Captures.

use super::Report;
use crate::field::whole_pattern;
use crate::provider::capture::{Capture, CaptureKind, CaptureSource};
use crate::template::{is_label, is_word};

pub(super) fn check(report: &mut Report<'_>) {
    for (index, capture) in report.provider.captures.iter().enumerate() {
        let member = format!("captures.{}", capture.name);
        let earlier = report
            .provider
            .captures
            .iter()
            .take(index)
            .any(|other| other.name == capture.name);
        let taken = earlier || report.provider.field(&capture.name).is_some();
        report.when(taken, &member, "has a name that is taken", "give it another name");
        report.when(
            !is_word(&capture.name),
            &member,
            "is not a name",
            "write lower-case letters, digits, underscores",
        );
        match capture.from {
            CaptureSource::Callback => {
                let right = capture.parameter.is_some() && capture.pointer.is_none();
                report.when(
                    !right,
                    &member,
                    "comes from the callback",
                    "write parameter = \"...\" and no pointer",
                );
            }
            CaptureSource::Token => {
                let right = capture.pointer.is_some() && capture.parameter.is_none();
                report.when(
                    !right,
                    &member,
                    "comes from the token response",
                    "write pointer = \"/...\" and no parameter",
                );
            }
        }
        value(report, &member, capture);
    }
}

fn value(report: &mut Report<'_>, member: &str, capture: &Capture) {
    let broken = capture
        .pattern
        .as_deref()
        .is_some_and(|pattern| whole_pattern(pattern).is_none());
    report.when(
        broken,
        member,
        "has a pattern that is no regular expression",
        "correct the pattern",
    );
    let is_url = capture.kind == CaptureKind::Url;
    report.when(
        is_url == capture.hosts.is_empty(),
        member,
        "has hosts where it should not, or none",
        "a url has hosts, others have none",
    );
    let domain = |host: &String| {
        let name = host.strip_prefix("*.").unwrap_or(host);
        name.contains('.') && name.split('.').all(is_label)
    };
    let hint = "write api.example.com or *.example.com";
    report.when(
        !capture.hosts.iter().all(domain),
        member,
        "has a host that is none",
        hint,
    );
}
