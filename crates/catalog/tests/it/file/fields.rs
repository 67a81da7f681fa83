//! The form, and settings that it decides.

use super::refused;

#[test]
fn p22_settings_name_a_field_with_a_closed_set_of_known_values() {
    let class = "class = \"grace\"\ngrace_seconds = 30";
    refused(
        class,
        "class = { field = \"nothing\", default = \"static\" }",
        "rotation.class",
    );
    refused(
        class,
        "class = { field = \"client_id\", default = \"static\" }",
        "rotation.class",
    );
    refused(
        class,
        "class = { field = \"area\", default = \"static\" }",
        "rotation.class",
    );
    let subject = "subject = \"/data/id\"";
    refused(
        subject,
        "subject = { field = \"client_id\", default = \"/sub\" }",
        "identity.subject",
    );
}

#[test]
fn p2_fields_of_the_form() {
    refused("name = \"resources\"", "name = \"scopes\"", "fields.scopes");
    refused("name = \"public\"", "name = \"state\"", "fields.state");
    refused("name = \"public\"", "name = \"Public\"", "fields.Public");
    refused("label = \"Resources\"", "label = \"\"", "fields.resources.label");
    refused(
        "label = \"Resources\"",
        "label = \"R\"\ngroup = \"A b\"",
        "fields.resources.group",
    );
    refused(
        "label = \"Client secret\"",
        "label = \"S\"\nexample = \"hunter2\"",
        "fields.client_secret",
    );
    refused(
        "type = \"secret\"",
        "type = \"text\"",
        "fields.client_secret.type",
    );
    refused("required = true\npattern", "pattern", "fields.client_id");
    refused(
        "pattern = \"[a-z0-9]+\"",
        "pattern = \"[a-z0-9\"",
        "fields.client_id.pattern",
    );
    refused(
        "example = \"abc1\"",
        "example = \"ABC\"",
        "fields.client_id.pattern",
    );
    refused("default = false", "default = \"no\"", "fields.public.default");
    refused("default = \"na\"", "default = \"xx\"", "fields.area.default");
    refused(
        "default = \"na\"",
        "required = true\ndefault = \"na\"",
        "fields.area.default",
    );
    refused(
        "field = \"public\", is = true",
        "field = \"public\", is = \"yes\"",
        "fields.client_secret.required_unless",
    );
    refused(
        "field = \"public\", is = true",
        "field = \"client_secret\", is = \"x\"",
        "fields.client_secret.required_unless",
    );
    refused(
        "{ value = \"eu\", label = \"Europe\" }",
        "{ value = \"na\", label = \"Europe\" }",
        "fields.area.choices",
    );
    refused(
        "label = \"Resources\"",
        "label = \"R\"\nchoices = [{ value = \"a\", label = \"A\" }]",
        "fields.resources.choices",
    );
}
