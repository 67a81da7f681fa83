// The peers themselves: that each starts, and behaves as README.md says. Judged by npm openid-client.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import * as openid from "openid-client";
import * as browser from "./browser.mjs";
import * as emulate from "./emulate.mjs";
import * as provider from "./oidc-provider.mjs";
import * as pages from "./pages.mjs";

const signIn = [{ click: "Sign-in", fill: { login: "ada", password: "any" } }, { click: "Continue" }];
const chooseAda = [{ click: "Ada Example" }];

let callback;
const landing = createServer((_, response) => response.end("<title>Back</title>"));

before(async () => {
  landing.listen(0, "127.0.0.1");
  await once(landing, "listening");
  callback = `http://127.0.0.1:${landing.address().port}/callback`;
});
after(() => landing.close());

async function discover({ issuer, client_id, client_secret }, authentication = openid.ClientSecretBasic) {
  const insecure = { execute: [openid.allowInsecureRequests] };
  return openid.discovery(new URL(issuer), client_id, undefined, authentication(client_secret), insecure);
}

/** The whole authorization code flow; `visit` takes the person through the pages to the callback. */
async function authorize(config, visit) {
  const checks = {
    pkceCodeVerifier: openid.randomPKCECodeVerifier(),
    expectedState: openid.randomState(),
    expectedNonce: openid.randomNonce(),
  };
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: "openid email",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await openid.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
  });
  const address = await visit(url.href);
  return { address, tokens: await openid.authorizationCodeGrant(config, new URL(address), checks) };
}

const through = (steps) => (start) => pages.consent(start, { until: callback, steps });

async function using(peer, body) {
  try {
    await body(peer);
  } finally {
    await peer.stop();
  }
}

test("oidc-provider rotates, names its issuer, and kills the grant when an old refresh token is used", async () => {
  const events = [];
  const options = { "redirect-uri": [callback], "access-token-ttl": 2, onEvent: (event) => events.push(event) };
  await using(await provider.serve(options), async ({ client }) => {
    const config = await discover(client);
    const { address, tokens } = await authorize(config, through(signIn));
    assert.equal(new URL(address).searchParams.get("iss"), client.issuer);
    assert.equal(tokens.expires_in, 2);
    assert.equal(tokens.claims().sub, "ada");
    assert.equal((await openid.fetchUserInfo(config, tokens.access_token, "ada")).email, "ada@example.com");

    const second = await openid.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(second.refresh_token, tokens.refresh_token);
    await assert.rejects(openid.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
    await assert.rejects(openid.refreshTokenGrant(config, second.refresh_token), { error: "invalid_grant" });
    assert.equal(events.filter(({ event }) => event === "grant.revoked").length, 1);
  });
});

test("oidc-provider refuses a request without PKCE and a token that was revoked", async () => {
  await using(await provider.serve({ "redirect-uri": [callback] }), async ({ client }) => {
    const config = await discover(client);
    const bare = openid.buildAuthorizationUrl(config, { redirect_uri: callback, scope: "openid" });
    const refused = new URL(await pages.consent(bare.href, { until: callback, steps: [] }));
    assert.equal(refused.searchParams.get("error"), "invalid_request");

    const { tokens } = await authorize(config, through(signIn));
    await openid.tokenRevocation(config, tokens.refresh_token);
    await assert.rejects(openid.refreshTokenGrant(config, tokens.refresh_token), { error: "invalid_grant" });
  });
});

test("oidc-provider keeps the refresh token when told so", async () => {
  const options = { "redirect-uri": [callback], "keep-refresh-token": true };
  await using(await provider.serve(options), async ({ client }) => {
    const config = await discover(client);
    const { tokens } = await authorize(config, through(signIn));
    for (let i = 0; i < 2; i += 1) {
      const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token);
      assert.equal(refreshed.refresh_token ?? tokens.refresh_token, tokens.refresh_token);
    }
  });
});

test("a person consents at oidc-provider in Chromium", async () => {
  const chromium = await browser.launch();
  try {
    await using(await provider.serve({ "redirect-uri": [callback] }), async ({ client }) => {
      const config = await discover(client);
      const { tokens } = await authorize(config, async (start) => {
        const visit = await browser.consent(chromium, start, { until: callback, steps: signIn });
        assert.equal(await visit.page.title(), "Back");
        await visit.close();
        return visit.address;
      });
      assert.equal(tokens.claims().sub, "ada");
    });
  } finally {
    await chromium.close();
  }
});

test("the emulated Google sends no new refresh token on refresh, and revokes", async () => {
  await using(await emulate.serve({ service: "google", "redirect-uri": [callback] }), async ({ client }) => {
    // It takes the two parts of a Basic header as they are, without undoing the form encoding of RFC 6749, 2.3.1.
    const config = await discover(client, openid.ClientSecretPost);
    const { tokens } = await authorize(config, through(chooseAda));
    assert.equal(tokens.claims().email, "ada@example.com");
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal(refreshed.refresh_token, undefined);
    assert.notEqual(refreshed.access_token, tokens.access_token);
    await openid.tokenRevocation(config, tokens.refresh_token);
    await assert.rejects(openid.refreshTokenGrant(config, tokens.refresh_token));
  });
});

test("the emulated GitHub sends no expires_in, and an error with status 200", async () => {
  await using(await emulate.serve({ service: "github", "redirect-uri": [callback] }), async ({ client }) => {
    const start = new URL("/login/oauth/authorize", client.issuer);
    start.search = new URLSearchParams({ client_id: client.client_id, redirect_uri: callback, state: "s", scope: "user" });
    const back = new URL(await through(chooseAda)(start.href));
    const exchange = async (code) => {
      const body = new URLSearchParams({ client_id: client.client_id, client_secret: client.client_secret, code });
      const headers = { accept: "application/json" };
      const response = await fetch(new URL("/login/oauth/access_token", client.issuer), { method: "POST", body, headers });
      return { status: response.status, body: await response.json() };
    };
    const first = await exchange(back.searchParams.get("code"));
    assert.deepEqual([first.status, first.body.token_type, first.body.expires_in], [200, "bearer", undefined]);
    const authorization = `Bearer ${first.body.access_token}`;
    const user = await fetch(new URL("/user", client.issuer), { headers: { authorization } });
    assert.equal((await user.json()).login, "ada");

    const again = await exchange(back.searchParams.get("code"));
    assert.deepEqual([again.status, again.body.error], [200, "bad_verification_code"]);
  });
});

for (const [program, ...flags] of [["oidc-provider"], ["emulate", "--service", "google"], ["emulate", "--service", "github"]]) {
  test(`${[program, ...flags].join(" ")} starts from a shell, says where it is, and ends with its standard input`, async () => {
    const file = new URL(`${program}.mjs`, import.meta.url).pathname;
    const child = spawn(process.execPath, [file, ...flags, "--redirect-uri", callback], { stdio: ["pipe", "pipe", "inherit"] });
    const [line] = await once(createInterface(child.stdout), "line");
    const { ready } = JSON.parse(line);
    assert.equal((await fetch(ready.issuer)).status < 500, true);
    child.stdin.end();
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });
}
