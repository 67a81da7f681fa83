//! The configuration form.

use super::Report;
use crate::config::FieldValue;
use crate::field::{Field, FieldKind, whole_pattern};
use crate::form::is_value_of;
use crate::provider::CredentialKind;
use crate::template::is_word;

const RESERVED: [&str; 6] = [
    "access_token",
    "refresh_token",
    "code",
    "state",
    "redirect_uri",
    "region",
];

pub(super) fn check(report: &mut Report<'_>) {
    let provider = report.provider;
    for (index, field) in provider.fields.iter().enumerate() {
        let name = format!("fields.{}", field.name);
        let taken = provider
            .fields
            .iter()
            .take(index)
            .any(|other| other.name == field.name);
        report.when(taken, &name, "has a name that is taken", "give it another name");
        let region_field = provider
            .regions
            .as_ref()
            .is_some_and(|regions| regions.field == field.name);
        let reserved = RESERVED.contains(&field.name.as_str()) && !region_field;
        report.when(reserved, &name, "has a reserved name", "give it another name");
        report.when(
            !is_word(&field.name),
            &name,
            "is not a name",
            "write lower-case letters, digits, underscores",
        );
        report.when(
            !is_word(&field.group),
            &format!("{name}.group"),
            "is not a name",
            "write a group such as client",
        );
        report.when(
            field.label.trim().is_empty(),
            &format!("{name}.label"),
            "is empty",
            "write a label",
        );
        secret(report, &name, field);
        choices(report, &name, field);
        pattern(report, &name, field);
        default(report, &name, field);
        condition(report, &name, field);
    }
    match provider.kind {
        CredentialKind::Oauth2 => client(report),
    }
}

fn client(report: &mut Report<'_>) {
    let id = report.provider.field("client_id");
    let right = id.is_some_and(|field| field.kind == FieldKind::Text && field.required);
    report.when(
        !right,
        "fields.client_id",
        "is missing",
        "add it: type = \"text\", required = true",
    );
    let secret = report.provider.field("client_secret");
    let open = secret.is_some_and(|field| !field.is_secret());
    report.when(
        open,
        "fields.client_secret.type",
        "is not secret",
        "write type = \"secret\"",
    );
}

fn secret(report: &mut Report<'_>, name: &str, field: &Field) {
    let shown = field.is_secret() && (field.default.is_some() || field.example.is_some());
    report.when(
        shown,
        name,
        "is secret, and has a default or an example",
        "leave them out",
    );
}

fn choices(report: &mut Report<'_>, name: &str, field: &Field) {
    let is_enum = field.kind == FieldKind::Enum;
    let member = format!("{name}.choices");
    report.when(
        is_enum && field.choices.is_empty(),
        &member,
        "are missing",
        "write them under [[fields.choices]]",
    );
    report.when(
        !is_enum && !field.choices.is_empty(),
        &member,
        "are not used",
        "write type = \"enum\"",
    );
    let repeated = field.choices.iter().enumerate().any(|(index, choice)| {
        field
            .choices
            .iter()
            .take(index)
            .any(|other| other.value == choice.value)
    });
    report.when(repeated, &member, "have a value twice", "write each value once");
}

fn pattern(report: &mut Report<'_>, name: &str, field: &Field) {
    let member = format!("{name}.pattern");
    let Some(pattern) = field.pattern.as_deref() else {
        return;
    };
    match whole_pattern(pattern) {
        None => report.add(&member, "is no regular expression", "correct it"),
        Some(pattern) => {
            let differs = field
                .example
                .as_deref()
                .is_some_and(|example| !pattern.is_match(example));
            report.when(
                differs,
                &member,
                "does not match the example",
                "correct one of them",
            );
        }
    }
    let texts = matches!(
        field.kind,
        FieldKind::Text | FieldKind::Url | FieldKind::Secret | FieldKind::List
    );
    report.when(!texts, &member, "is not used by this type", "leave it out");
}

fn default(report: &mut Report<'_>, name: &str, field: &Field) {
    let Some(default) = &field.default else { return };
    let member = format!("{name}.default");
    let hint = "write one that the form would take";
    report.when(
        !is_value_of(field, default),
        &member,
        "is not a value of the field",
        hint,
    );
    report.when(
        field.required,
        &member,
        "goes with no required field",
        "leave one of them out",
    );
}

fn condition(report: &mut Report<'_>, name: &str, field: &Field) {
    let Some(unless) = &field.required_unless else {
        return;
    };
    let member = format!("{name}.required_unless");
    let other = report
        .provider
        .field(&unless.field)
        .filter(|other| other.name != field.name);
    let right = other
        .is_some_and(|other| is_value_of(other, &unless.is) && !matches!(unless.is, FieldValue::List(_)));
    report.when(
        !right,
        &member,
        "names no other field and a value of it",
        "write { field = \"...\", is = ... }",
    );
    report.when(
        field.required,
        &member,
        "goes with no required field",
        "leave one of them out",
    );
}
