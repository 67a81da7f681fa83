use super::*;
use proptest::prelude::*;

fn resolve(template: &str, values: &[(&str, &str)]) -> Result<Option<Url>, TemplateError> {
    UrlTemplate::parse(template)
        .unwrap()
        .resolve(&Variables::from_texts(values.iter().copied()))
}

fn text(template: &str, values: &[(&str, &str)]) -> String {
    resolve(template, values).unwrap().unwrap().into()
}

#[test]
fn p22_each_slot_takes_its_value() {
    assert_eq!(
        text(
            "https://{subdomain}.auth.example.com/v2/{id}/token?p={policy}&x=1",
            &[("subdomain", "MC-1"), ("id", "a b/c"), ("policy", "x&y=#")]
        ),
        "https://mc-1.auth.example.com/v2/a%20b%2Fc/token?p=x%26y%3D%23&x=1"
    );
    assert_eq!(
        text("{base}/token", &[("base", "https://h.example/deep/")]),
        "https://h.example/deep/token"
    );
    assert_eq!(
        text("{base}", &[("base", "https://h.example/t/?p=1")]),
        "https://h.example/t/?p=1"
    );
    assert_eq!(text("https://h.example", &[]), "https://h.example/");
    assert_eq!(
        text("https://h.example:8443/{a}", &[("a", "ü")]),
        "https://h.example:8443/%C3%BC"
    );
}

#[test]
fn p22_first_alternative_whose_variables_are_set_counts_and_a_bad_value_does_not_fall_through() {
    let texts = OneOrMany::Many(vec!["{base}/token".into(), "https://h.example/token".into()]);
    let template = UrlTemplate::try_from(texts).unwrap();
    let resolve = |values: &[(&str, &str)]| template.resolve(&Variables::from_texts(values.iter().copied()));
    assert_eq!(
        resolve(&[("base", "https://b.example")])
            .unwrap()
            .unwrap()
            .as_str(),
        "https://b.example/token"
    );
    assert_eq!(resolve(&[]).unwrap().unwrap().as_str(), "https://h.example/token");
    assert_eq!(
        resolve(&[("base", "")]).unwrap().unwrap().as_str(),
        "https://h.example/token"
    );
    assert!(resolve(&[("base", "ftp://b.example")]).is_err());
    assert_eq!(
        super::UrlTemplate::parse("{base}")
            .unwrap()
            .resolve(&Variables::default())
            .unwrap(),
        None
    );
}

#[test]
fn oa_c09_issuer_text_is_kept_character_by_character() {
    for issuer in [
        "https://h.example",
        "https://h.example/",
        "https://H.example/realm",
        "https://h.example:443",
    ] {
        let template = UrlTemplate::parse("{issuer}").unwrap();
        let variables = Variables::from_texts([("issuer", issuer)]);
        assert_eq!(template.resolve_text(&variables).unwrap().unwrap(), issuer);
    }
    let template = UrlTemplate::parse("https://{t}.login.example/x").unwrap();
    assert_eq!(
        template
            .resolve_text(&Variables::from_texts([("t", "a")]))
            .unwrap()
            .unwrap(),
        "https://a.login.example/x"
    );
}

#[test]
fn thr_44_hostile_host_labels_are_refused() {
    for value in [
        "evil.com/",
        "evil.com#",
        "evil.com?",
        "a@b",
        "a.b",
        "..",
        ".",
        "a\\b",
        "a/b",
        "a:80",
        "-a",
        "a-",
        "a b",
        "%2e",
        "ａ",
        "a\u{0}",
        "a\n",
        "[::1]",
        "xn--",
        &"a".repeat(64),
    ] {
        let result = resolve("https://{sub}.auth.example.com/token", &[("sub", value)]);
        assert!(
            matches!(result, Err(TemplateError::Value { .. } | TemplateError::NotUrl)),
            "{value:?}: {result:?}"
        );
    }
}

#[test]
fn thr_44_hostile_base_urls_are_refused() {
    for value in [
        "https://user@h.example",
        "https://user:pw@h.example",
        "https://@h.example",
        "https://h.example#x",
        "https://h.example/?q=1",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//h.example",
        "h.example",
        "https://",
        "https:///",
        "ftp://h.example",
        "https://h.example\n",
        "https://a\\@b.example",
        "https:///h.example",
        "https:h.example",
        " https://h.example",
        "https://h\t.example",
    ] {
        let result = resolve("{base}/token", &[("base", value)]);
        assert!(
            matches!(result, Err(TemplateError::Value { .. })),
            "{value:?}: {result:?}"
        );
    }
}

#[test]
fn thr_44_path_values_cannot_step_out_of_their_segment() {
    for value in [".", ".."] {
        assert!(
            resolve("https://h.example/a/{id}/token", &[("id", value)]).is_err(),
            "{value}"
        );
        assert!(
            resolve("{b}/a/{id}/token", &[("b", "https://h.example"), ("id", value)]).is_err(),
            "{value}"
        );
    }
    assert!(resolve("https://h.example/{a}{b}/token", &[("a", "."), ("b", ".")]).is_err());
    assert_eq!(
        text("https://h.example/a/{id}/token", &[("id", "../../x?y#z@")]),
        "https://h.example/a/..%2F..%2Fx%3Fy%23z%40/token"
    );
    assert_eq!(
        text("https://h.example/{id}/t", &[("id", "%2e%2e")]),
        "https://h.example/%252e%252e/t"
    );
}

#[test]
fn p22_templates_that_are_no_url_are_refused() {
    for template in [
        "",
        "token",
        "http://h.example/token",
        "ftp://h.example",
        "https://",
        "https:///x",
        "https://u@h.example/",
        "https://h.example/#x",
        "https://h.example/a b",
        "https://h.example\\x",
        "https://h.example/../x",
        "https://{a",
        "https://{A}.h.example",
        "{base}token",
        "{base}{path}",
        "{base}.example/x",
        "x{base}/y",
        "https://h.example/?{name}=1",
        "https://h.example/?{name}",
        "https://h.example/?a=1&{name}",
        "https://h.example:{port}/",
        "https://{user}@h.example/",
        "{scheme}://h.example/",
        "https://H.example/",
    ] {
        assert!(UrlTemplate::parse(template).is_err(), "{template}");
    }
}

#[test]
fn p22_host_variable_is_a_label_only_before_a_registrable_domain() {
    let slot = |template: &str| {
        UrlTemplate::parse(template).unwrap().alternatives[0]
            .shape
            .slots()
            .next()
            .unwrap()
            .1
    };
    assert_eq!(slot("https://{a}.example.com/"), Slot::Label);
    assert_eq!(slot("https://pre-{a}.example.com/"), Slot::Label);
    assert_eq!(slot("https://{a}.eu.example.com:8443/"), Slot::Label);
    assert_eq!(slot("https://{a}.com/"), Slot::Domain);
    assert_eq!(slot("https://{a}example.com/"), Slot::Domain);
    assert_eq!(slot("https://accounts.zoho.{a}/"), Slot::Domain);
    assert_eq!(slot("https://{a}/"), Slot::Domain);
    assert_eq!(slot("https://h.example/{a}"), Slot::Path);
    assert_eq!(slot("https://h.example/?x={a}"), Slot::Query);
    assert_eq!(slot("{a}/x"), Slot::Base);
}

proptest! {
    #[test]
    fn thr_44_no_label_value_changes_more_than_its_label(value in ".{1,80}") {
        if let Ok(Some(url)) = resolve("https://{sub}.auth.example.com/v2/token", &[("sub", &value)]) {
            let host = url.host_str().unwrap();
            let label = host.strip_suffix(".auth.example.com").unwrap();
            prop_assert!(!label.contains('.') && !label.is_empty());
            prop_assert_eq!(url.scheme(), "https");
            prop_assert_eq!(url.path(), "/v2/token");
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.port().is_none());
            prop_assert!(url.query().is_none() && url.fragment().is_none());
        }
    }

    #[test]
    fn thr_44_no_path_or_query_value_changes_more_than_its_slot(path in ".{1,40}", query in ".{1,40}") {
        let values = [("p", path.as_str()), ("q", query.as_str())];
        if let Ok(Some(url)) = resolve("https://h.example/a/{p}/token?x={q}&y=1", &values) {
            prop_assert_eq!(url.origin().ascii_serialization(), "https://h.example");
            let segments: Vec<&str> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 3);
            prop_assert_eq!((segments[0], segments[2]), ("a", "token"));
            let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, vec![("x".to_owned(), query.clone()), ("y".to_owned(), "1".to_owned())]);
            prop_assert!(url.fragment().is_none() && url.username().is_empty());
        }
    }

    #[test]
    fn thr_44_base_url_decides_the_origin_alone(base in "https?://[a-zA-Z0-9.:@/\\\\?#-]{1,30}", id in ".{1,30}") {
        let values = [("base", base.as_str()), ("id", id.as_str())];
        if let Ok(Some(url)) = resolve("{base}/x/{id}/token", &values) {
            let expected = Url::parse(&base).unwrap();
            prop_assert_eq!(url.origin(), expected.origin());
            prop_assert!(url.path().ends_with("/token") && url.username().is_empty() && url.fragment().is_none());
            prop_assert!(url.path().starts_with(expected.path().trim_end_matches('/')));
        }
    }

    #[test]
    fn p22_parsing_never_panics(template in "(https://)?[a-z{}./?=&:#@]{0,40}", value in ".{0,20}") {
        if let Ok(parsed) = UrlTemplate::parse(&template) {
            let names: Vec<String> =
                parsed.alternatives().iter().flat_map(Alternative::variables).map(str::to_owned).collect();
            let variables = Variables::from_texts(names.iter().map(|name| (name.as_str(), value.as_str())));
            let _outcome = parsed.resolve(&variables);
        }
    }
}
