// schemathesis against the OpenAPI document of the running server, which is not empty: an account is connected.
// SCHEMATHESIS names the program, if it is not on the PATH.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { install } from "./coffer.mjs";
import { connect, product } from "./connect.mjs";
import { oidcProvider, signIn } from "./integrations.mjs";
import * as pages from "./pages.mjs";

// Not among them: positive_data_acceptance. That a provider exists, that its fields are filled in, that a link or a
// result was given out, no schema can say.
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
  "response_headers_conformance",
  "negative_data_rejection",
  "unsupported_method",
  "allow_header_conformance",
  "ignored_auth",
  "use_after_free",
];

/** It ends whoever's key it is used with: it gets a run and a key of its own. */
const REVOKE = "delete_operators_operator";

let coffer, home, provider;

before(async () => {
  home = await product();
  coffer = await install({ env: { COFFER_RETURN_ORIGINS: home.origin, COFFER_LOG: "error" } });
  provider = await oidcProvider(coffer);
  await provider.rightSecret();
  await provider.enable();
  await coffer.integration("generic-oidc", provider.peer.client, []);
  for (const login of ["ada", "grace"]) {
    const steps = [{ ...signIn[0], fill: { login, password: "any" } }, signIn[1]];
    const visit = (start) => pages.consent(start, { until: home.origin, steps });
    await connect(coffer, home.page, provider.id, visit, { user: login });
  }
});
after(async () => {
  await provider?.peer.stop();
  await coffer?.stop();
  home?.close();
});

async function conforms(key, ...selection) {
  const options = ["--checks", CHECKS.join(), "--max-examples", "8", "--seed", "1", "--generation-deterministic"];
  const args = ["run", `${coffer.url}/openapi.json`, "-H", `Authorization: Bearer ${key}`, "--no-color", ...options, ...selection];
  const child = spawn(process.env.SCHEMATHESIS || "schemathesis", args, { cwd: coffer.folder, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "exit");
  assert.equal(code, 0, output);
}

test("every answer to an operator is as the document says", () => conforms(coffer.operator, "--exclude-operation-id", REVOKE));

test("every answer to a caller is as the document says", () => conforms(coffer.key, "--exclude-operation-id", REVOKE));

test("every answer to an operator who revokes keys, his own among them, is as the document says", async () => {
  const key = await coffer.command("operators", "create", "--name", "another");
  await conforms(key, "--include-operation-id", REVOKE);
  assert.equal((await fetch(`${coffer.url}/health`)).ok, true);
});
