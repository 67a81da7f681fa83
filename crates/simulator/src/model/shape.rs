//! The forms in which real token endpoints answer.

use super::outcome::Reply;
use super::refusal::Refusal;
use coffer_core::SecretText;
use coffer_core::secret::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The form of the token endpoint's answers. The default is RFC 6749, section 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResponseShape {
    /// JSON or form.
    pub encoding: Encoding,
    /// A JSON pointer of objects, such as `/body` or `/data/authed_user`, under which the tokens stand.
    pub nested_under: Option<String>,
    /// Members put beside the tokens at the top, such as `{"ok": true}`.
    pub extra: Map<String, Value>,
    /// How `expires_in` is given.
    pub expires_in: ExpiresIn,
    /// The token type, in whatever case; empty leaves it out.
    pub token_type: String,
    /// Whether the granted scope is told.
    pub tells_scope: bool,
    /// What stands between scopes: a space, or a comma as with Slack and GitHub.
    pub scope_separator: char,
    /// R0: whether a refresh gives the same refresh token again (HubSpot) or none (Google).
    pub repeats_refresh_token: bool,
    /// The form of errors.
    pub error: ErrorShape,
    /// The provider's own names for error codes, by the standard's.
    pub error_names: BTreeMap<String, String>,
}

impl Default for ResponseShape {
    fn default() -> Self {
        Self {
            encoding: Encoding::Json,
            nested_under: None,
            extra: Map::new(),
            expires_in: ExpiresIn::Number,
            token_type: "Bearer".to_owned(),
            tells_scope: true,
            scope_separator: ' ',
            repeats_refresh_token: false,
            error: ErrorShape::Standard,
            error_names: BTreeMap::new(),
        }
    }
}

/// How the body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// `application/json`
    Json,
    /// `application/x-www-form-urlencoded` (GitHub's default)
    Form,
}

/// How `expires_in` is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiresIn {
    /// A number.
    Number,
    /// A string of digits.
    Text,
    /// Not at all. The token expires nevertheless.
    Absent,
}

/// The form of the token endpoint's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShape {
    /// RFC 6749, section 5.2.
    Standard,
    /// The standard's body with status 200 (GitHub).
    StatusOk,
    /// `{"ok": false, "error": code}` with status 200 (Slack).
    OkFalse,
    /// Status 400 and nothing else.
    EmptyBody,
    /// `{"errors": [{"code": ...}]}` with status 403.
    PrivateCode,
    /// A page, with the standard's status.
    Html,
}

/// What a successful answer tells.
pub(crate) struct Issued {
    pub(crate) access: SecretText,
    pub(crate) expires_in: u64,
    pub(crate) refresh: Option<SecretText>,
    pub(crate) scopes: Vec<String>,
    pub(crate) id_token: Option<SecretText>,
}

impl ResponseShape {
    pub(crate) fn tokens(&self, issued: &Issued) -> Reply {
        let members = self.members(issued);
        match self.encoding {
            Encoding::Json => Reply::json(200, &self.nest(members)),
            Encoding::Form => form(200, &members),
        }
    }

    fn members(&self, issued: &Issued) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("access_token".into(), issued.access.expose_secret().into());
        if !self.token_type.is_empty() {
            members.insert("token_type".into(), self.token_type.clone().into());
        }
        match self.expires_in {
            ExpiresIn::Number => drop(members.insert("expires_in".into(), issued.expires_in.into())),
            ExpiresIn::Text => {
                drop(members.insert("expires_in".into(), issued.expires_in.to_string().into()));
            }
            ExpiresIn::Absent => {}
        }
        if let Some(refresh) = &issued.refresh {
            members.insert("refresh_token".into(), refresh.expose_secret().into());
        }
        if self.tells_scope {
            let scope = issued.scopes.join(&self.scope_separator.to_string());
            members.insert("scope".into(), scope.into());
        }
        if let Some(id_token) = &issued.id_token {
            members.insert("id_token".into(), id_token.expose_secret().into());
        }
        members
    }

    fn nest(&self, members: Map<String, Value>) -> Value {
        let path = self.nested_under.as_deref().unwrap_or("");
        let mut top = members;
        for segment in path.rsplit('/').filter(|segment| !segment.is_empty()) {
            top = Map::from_iter([(segment.to_owned(), Value::Object(top))]);
        }
        top.extend(self.extra.clone());
        Value::Object(top)
    }

    pub(crate) fn refusal(&self, refusal: Refusal) -> Reply {
        let code = refusal.code.as_str();
        let code = self.error_names.get(code).map_or(code, String::as_str);
        let body = json!({ "error": code, "error_description": refusal.description });
        let status = refusal.code.status();
        match self.error {
            ErrorShape::Standard => self.error_body(status, &body),
            ErrorShape::StatusOk => self.error_body(200, &body),
            ErrorShape::OkFalse => Reply::json(200, &json!({ "ok": false, "error": code })),
            ErrorShape::EmptyBody => Reply::empty(400),
            ErrorShape::PrivateCode => Reply::json(403, &json!({ "errors": [{ "code": code }] })),
            ErrorShape::Html => Reply::html(status, format!("<!doctype html><title>{code}</title>")),
        }
    }

    fn error_body(&self, status: u16, body: &Value) -> Reply {
        match (self.encoding, body) {
            (Encoding::Form, Value::Object(members)) => form(status, members),
            (Encoding::Form | Encoding::Json, _) => Reply::json(status, body),
        }
    }
}

fn form(status: u16, members: &Map<String, Value>) -> Reply {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        match value.as_str() {
            Some(text) => body.append_pair(name, text),
            None => body.append_pair(name, &value.to_string()),
        };
    }
    Reply::new(status, "application/x-www-form-urlencoded", body.finish())
}

#[cfg(test)]
mod tests {
    use super::super::refusal::RefusalCode;
    use super::*;

    fn text(reply: &Reply) -> String {
        String::from_utf8(reply.body.expose_secret().to_vec()).unwrap()
    }

    fn issued() -> Issued {
        Issued {
            access: SecretText::from("at"),
            expires_in: 60,
            refresh: Some(SecretText::from("rt")),
            scopes: vec!["a".into(), "b".into()],
            id_token: None,
        }
    }

    #[test]
    fn tokens_come_in_every_form() {
        let standard = ResponseShape::default().tokens(&issued());
        let value: Value = serde_json::from_str(&text(&standard)).unwrap();
        assert_eq!(
            value,
            json!({"access_token":"at","token_type":"Bearer","expires_in":60,"refresh_token":"rt","scope":"a b"})
        );
        let odd = ResponseShape {
            nested_under: Some("/data/user".into()),
            extra: json!({"ok":true}).as_object().unwrap().clone(),
            expires_in: ExpiresIn::Text,
            token_type: "bearer".into(),
            scope_separator: ',',
            ..ResponseShape::default()
        };
        let value: Value = serde_json::from_str(&text(&odd.tokens(&issued()))).unwrap();
        assert_eq!(value["ok"], true);
        assert_eq!(value["data"]["user"]["expires_in"], "60");
        assert_eq!(value["data"]["user"]["scope"], "a,b");
        let form = ResponseShape {
            encoding: Encoding::Form,
            expires_in: ExpiresIn::Absent,
            tells_scope: false,
            token_type: String::new(),
            ..ResponseShape::default()
        };
        assert_eq!(text(&form.tokens(&issued())), "access_token=at&refresh_token=rt");
    }

    #[test]
    fn errors_come_in_every_form() {
        let refusal = Refusal::new(RefusalCode::InvalidGrant, "spent");
        let of = |error| {
            let shape = ResponseShape {
                error,
                error_names: BTreeMap::from([("invalid_grant".into(), "bad_refresh_token".into())]),
                ..ResponseShape::default()
            };
            let reply = shape.refusal(refusal);
            (reply.status, text(&reply))
        };
        let standard = r#"{"error":"bad_refresh_token","error_description":"spent"}"#;
        assert_eq!(of(ErrorShape::Standard), (400, standard.to_owned()));
        assert_eq!(of(ErrorShape::StatusOk), (200, standard.to_owned()));
        assert_eq!(
            of(ErrorShape::OkFalse),
            (200, r#"{"error":"bad_refresh_token","ok":false}"#.to_owned())
        );
        assert_eq!(of(ErrorShape::EmptyBody), (400, String::new()));
        assert_eq!(of(ErrorShape::PrivateCode).0, 403);
        assert!(of(ErrorShape::Html).1.starts_with("<!doctype"));
    }
}
