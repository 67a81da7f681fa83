//! Settings that a field decides: the field is there, and every value it can have is one that the setting knows.

use super::Report;
use crate::config::FieldValue;
use crate::field::FieldKind;
use crate::pointer::Pointer;
use crate::setting::Setting;
use serde::de::DeserializeOwned;

pub(super) fn check(report: &mut Report<'_>) {
    let provider = report.provider;
    one(report, "client.authentication", &provider.client.authentication);
    one(report, "pkce.method", &provider.pkce.method);
    one(report, "rotation.class", &provider.rotation.class);
    if let Some(oidc) = &provider.oidc {
        one(report, "oidc.id_token_required", &oidc.id_token_required);
    }
    let identity = &provider.identity;
    let optional = [
        ("identity.email_verified", &identity.email_verified),
        ("identity.username", &identity.username),
        ("identity.picture", &identity.picture),
    ];
    for (name, setting) in optional {
        if let Some(setting) = setting {
            pointer(report, name, setting);
        }
    }
    pointer(report, "identity.subject", &identity.subject);
    pointer(report, "identity.email", &identity.email);
    pointer(report, "identity.name", &identity.name);
}

fn one<T: DeserializeOwned + Clone>(report: &mut Report<'_>, name: &str, setting: &Setting<T>) {
    let Some(field) = setting.field() else { return };
    let values: Option<Vec<FieldValue>> = report.provider.field(field).and_then(|field| match field.kind {
        FieldKind::Enum => Some(
            field
                .choices
                .iter()
                .map(|choice| FieldValue::Text(choice.value.clone()))
                .collect(),
        ),
        FieldKind::Bool => Some(vec![FieldValue::Flag(true), FieldValue::Flag(false)]),
        FieldKind::Text | FieldKind::Url | FieldKind::Secret | FieldKind::List | FieldKind::Pointer => None,
    });
    match values {
        None => report.add(
            name,
            format!("takes {field}, which is no field with a closed set of values"),
            ENUM,
        ),
        Some(values) if values.iter().any(|value| Setting::<T>::read(value).is_none()) => {
            report.add(
                name,
                format!("does not know every value of {field}"),
                "write only values of this setting",
            );
        }
        Some(_) => {}
    }
}

fn pointer(report: &mut Report<'_>, name: &str, setting: &Setting<Pointer>) {
    let Some(field) = setting.field() else { return };
    let right = report
        .provider
        .field(field)
        .is_some_and(|field| field.kind == FieldKind::Pointer);
    report.when(
        !right,
        name,
        "takes a field that is no pointer",
        "name a field of type = \"pointer\"",
    );
}

const ENUM: &str = "name a field of type = \"enum\" or \"bool\"";
