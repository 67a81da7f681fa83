//! URL templates: every variable is known and may stand where it stands.

use super::{Origin, Report, origin};
use crate::field::{Field, FieldKind};
use crate::provider::Provider;
use crate::provider::capture::CaptureKind;
use crate::provider::endpoints::Endpoint;
use crate::template::{Alternative, Slot, UrlTemplate, base_url, is_label};

pub(super) fn check(report: &mut Report<'_>) {
    let provider = report.provider;
    if let Some(oidc) = &provider.oidc {
        one(report, "oidc.issuer", &oidc.issuer, false);
        resolvable(report, "oidc.issuer", &oidc.issuer);
        if let Some(discovery) = &oidc.discovery {
            one(report, "oidc.discovery", discovery, false);
        }
    }
    for endpoint in Endpoint::ALL {
        let own = match endpoint {
            Endpoint::Refresh => provider.endpoints.refresh.as_ref(),
            Endpoint::Authorize
            | Endpoint::Token
            | Endpoint::Revoke
            | Endpoint::Userinfo
            | Endpoint::Introspect
            | Endpoint::Device
            | Endpoint::Jwks => provider.endpoints.template(endpoint),
        };
        let name = format!("endpoints.{}", endpoint.as_str());
        if let Some(template) = own {
            one(report, &name, template, endpoint != Endpoint::Authorize);
        }
    }
    if provider.oidc.is_none() {
        required(
            report,
            "endpoints.authorize",
            provider.endpoints.authorize.as_ref(),
        );
        required(report, "endpoints.token", provider.endpoints.token.as_ref());
    }
    regions(report);
}

fn required(report: &mut Report<'_>, name: &str, template: Option<&UrlTemplate>) {
    match template {
        Some(template) => resolvable(report, name, template),
        None => report.add(
            name,
            "is missing",
            "write its URL, or an [oidc] table whose issuer names it",
        ),
    }
}

/// The last alternative has to be one that is always there.
fn resolvable(report: &mut Report<'_>, name: &str, template: &UrlTemplate) {
    let always = |alternative: &Alternative| {
        alternative
            .variables()
            .all(|variable| match origin(report.provider, variable) {
                Origin::Field(field) => field.required || field.default.is_some(),
                Origin::Capture(capture) => capture.required,
                Origin::Region => true,
                Origin::Token | Origin::Unknown => false,
            })
    };
    if !template.alternatives().last().is_some_and(always) {
        let hint = "end the list with a URL whose variables are required fields, or make the field required";
        report.add(name, "may have no value", hint);
    }
}

/// Checks one template. `after_connect` is whether captures exist when it is used.
pub(super) fn one(report: &mut Report<'_>, name: &str, template: &UrlTemplate, after_connect: bool) {
    for (variable, slot) in template
        .alternatives()
        .iter()
        .flat_map(|alternative| alternative.shape.slots())
    {
        if let Some((message, hint)) = slot_problem(report.provider, variable, slot, after_connect) {
            report.add(name, format!("{{{variable}}} {message}"), hint);
        }
    }
}

fn slot_problem(
    provider: &Provider,
    variable: &str,
    slot: Slot,
    after_connect: bool,
) -> Option<(&'static str, &'static str)> {
    match origin(provider, variable) {
        Origin::Unknown => Some((
            "is not known",
            "declare it under [[fields]], [[captures]] or [regions]",
        )),
        Origin::Token => Some((
            "is secret",
            "put it in a header or body; secrets never stand in a URL",
        )),
        Origin::Region => region_problem(provider, variable, slot),
        Origin::Field(field) => field_problem(field, slot),
        Origin::Capture(_) if !after_connect => Some((
            "is not known yet in this step",
            "use a field here, and the capture in later endpoints",
        )),
        Origin::Capture(capture) => match (slot, capture.kind) {
            (Slot::Base, CaptureKind::Url)
            | (Slot::Label, CaptureKind::Label)
            | (Slot::Path | Slot::Query, CaptureKind::Text | CaptureKind::Label) => None,
            (Slot::Base, CaptureKind::Text | CaptureKind::Label) => {
                Some(("starts the URL", "give the capture kind = \"url\" and its hosts"))
            }
            (Slot::Label, CaptureKind::Text | CaptureKind::Url) => {
                Some(("is part of the host", "give the capture kind = \"label\""))
            }
            (Slot::Domain, _) => Some(DOMAIN),
            (Slot::Path | Slot::Query, CaptureKind::Url) => Some((
                "is a URL inside a URL",
                "let it start the URL, or capture it as text",
            )),
        },
    }
}

const DOMAIN: (&str, &str) = (
    "could change the registrable domain",
    "use an enum field or a region, whose values are known, or write the domain out after it",
);

fn field_problem(field: &Field, slot: Slot) -> Option<(&'static str, &'static str)> {
    match (slot, field.kind) {
        (_, FieldKind::Secret) => Some(("is secret", "secrets never stand in a URL")),
        (_, FieldKind::List) => Some(("is a list", "a URL takes one text; use it in [parameters]")),
        (Slot::Base, FieldKind::Url) => None,
        (Slot::Base, _) => Some(("starts the URL", "give the field type = \"url\"")),
        (_, FieldKind::Url) => Some((
            "is a URL inside a URL",
            "let it start the URL, or give the field type = \"text\"",
        )),
        (Slot::Domain, FieldKind::Enum) => {
            let labels = |value: &str| value.split('.').all(is_label);
            let fits = field.choices.iter().all(|choice| labels(&choice.value));
            if fits {
                None
            } else {
                Some((
                    "has choices that are not host names",
                    "write choices such as com or co.uk",
                ))
            }
        }
        (Slot::Domain, _) => Some(DOMAIN),
        (Slot::Label | Slot::Path | Slot::Query, _) => None,
    }
}

/// Every region has a value that fits.
fn region_problem(provider: &Provider, variable: &str, slot: Slot) -> Option<(&'static str, &'static str)> {
    let name = variable.split_once('.').map_or(variable, |(_, name)| name);
    let fits = |value: &String| match slot {
        Slot::Base => base_url(name, value).is_ok_and(|url| url.scheme() == "https" && url.query().is_none()),
        Slot::Label => is_label(value),
        Slot::Domain => value.split('.').all(is_label),
        Slot::Path | Slot::Query => !value.is_empty(),
    };
    let mut values = provider
        .regions
        .iter()
        .flat_map(|regions| regions.values.values());
    if values.all(|values| values.get(name).is_some_and(fits)) {
        None
    } else {
        Some((
            "has a region whose value does not fit",
            "write https://host to start a URL, or parts of a host name",
        ))
    }
}

/// The regions are the choices of their field.
fn regions(report: &mut Report<'_>) {
    let Some(regions) = &report.provider.regions else {
        return;
    };
    let choices = report
        .provider
        .field(&regions.field)
        .filter(|field| field.kind == FieldKind::Enum);
    match choices {
        Some(field) => {
            let same = field.choices.len() == regions.values.len()
                && field
                    .choices
                    .iter()
                    .all(|choice| regions.values.contains_key(&choice.value));
            report.when(
                !same,
                "regions.values",
                "differ from the choices of the field",
                "name the same regions in both",
            );
        }
        None => report.add(
            "regions.field",
            "is not an enum field",
            "name a field of type = \"enum\"",
        ),
    }
}
