// What goes wrong on the way, at providers that nobody here wrote: each gets a clear answer, and loses nothing.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as browser from "./browser.mjs";
import { install, until } from "./coffer.mjs";
import { connect, consent, product } from "./connect.mjs";
import { chooseAda, github, google, oidcProvider, signIn } from "./integrations.mjs";
import * as pages from "./pages.mjs";

/** The longest exchange with a provider, in seconds: how long an interrupted one is waited for. */
const EXCHANGE = 4;

let coffer, home;

before(async () => {
  home = await product();
  coffer = await install({
    env: {
      COFFER_RETURN_ORIGINS: home.origin,
      COFFER_EXCHANGE_TIMEOUT: `${EXCHANGE}s`,
      COFFER_COMMIT_TIMEOUT: "2s",
      COFFER_LEASE: `${EXCHANGE + 3}s`,
    },
  });
});
after(async () => {
  await coffer?.stop();
  home?.close();
});

const through = (steps) => (start) => pages.consent(start, { until: home.origin, steps });
const of = (connection, action) => coffer.call("POST", `/v1/connections/${connection.id}/${action}`);

/** Refreshes, as often as the server says that it is to be tried later. */
const refreshed = (connection) =>
  until(
    "it is refreshed",
    async () => {
      const { status, headers, body } = await of(connection, "refresh");
      if (status === 200) return body;
      assert.deepEqual([status, headers.has("retry-after")], [503, true]);
    },
    30,
  );

async function using(introduced, body) {
  try {
    await introduced.enable();
    await body(introduced);
  } finally {
    await introduced.peer.stop();
  }
}

describe("a wrong client secret", () => {
  const services = [
    { name: "oidc-provider", introduced: oidcProvider, steps: signIn, said: "invalid_client" },
    { name: "Google", introduced: google, steps: chooseAda, said: "invalid_client" },
    { name: "GitHub", introduced: github, steps: chooseAda, said: "incorrect_client_credentials" },
  ];
  for (const { name, introduced, steps, said } of services) {
    test(`sends the person back from ${name} with the reason, and blocks the integration until it is corrected`, async () => {
      await using(await introduced(coffer), async ({ id, rightSecret, enable }) => {
        const refused = await consent(coffer, home.page, id, through(steps));
        assert.deepEqual([refused.get("coffer_error"), refused.get("coffer_result")], ["invalid_config", null]);
        const { items } = await coffer.ask("GET", "/v1/audit?limit=100");
        const failed = items.find(({ verb }) => verb === "OAuthAuthorizeFailed");
        assert.equal(failed?.detail.provider_code, said);
        const { state, reason } = await coffer.ask("GET", `/v1/integrations/${id}`);
        assert.deepEqual([state, reason?.provider_code], ["blocked", said]);

        await rightSecret();
        await enable();
        assert.equal((await connect(coffer, home.page, id, through(steps))).state, "fresh");
      });
    });
  }

  for (const { name, introduced, steps, said } of services.filter(({ name }) => name !== "GitHub")) {
    test(`blocks the integration at the first refresh at ${name}, until it is corrected`, async () => {
      await using(await introduced(coffer), async ({ id, rightSecret, wrongSecret, enable }) => {
        await rightSecret();
        const connection = await connect(coffer, home.page, id, through(steps));
        const { body: first } = await of(connection, "token");
        await wrongSecret();
        const refused = await of(connection, "refresh");
        assert.deepEqual([refused.status, refused.body.code], [409, "integration_blocked"]);
        assert.match(refused.body.hint, /client id or secret/);
        assert.equal((await coffer.ask("GET", `/v1/integrations/${id}`)).state, "blocked");
        const stands = await coffer.ask("GET", `/v1/connections/${connection.id}`);
        assert.equal(stands.state, "integration_blocked");
        assert.match(stands.next_action, /client id or secret/);
        const { items } = await coffer.ask("GET", `/v1/connections/${connection.id}/attempts`);
        assert.deepEqual([items[0].outcome, items[0].reason.provider_code], ["refused", said]);
        assert.equal((await of(connection, "token")).body.access_token, first.access_token, "what lives is served");

        await rightSecret();
        await enable();
        const second = await refreshed(connection);
        assert.equal(second.generation, first.generation + 1);
        assert.equal((await coffer.ask("GET", `/v1/connections/${connection.id}`)).state, "fresh");
      });
    });
  }
});

test("a person who does not consent comes back with access_denied, and may think again", async () => {
  const chromium = await browser.launch();
  try {
    await using(await oidcProvider(coffer), async ({ id, rightSecret }) => {
      await rightSecret();
      const refused = await consent(coffer, home.page, id, async (start) => {
        const visit = await browser.consent(chromium, start, { until: home.origin, steps: [{ follow: "Cancel" }] });
        await visit.close();
        return visit.address;
      });
      assert.deepEqual([refused.get("coffer_error"), refused.get("coffer_result")], ["access_denied", null]);
      const halfway = await consent(coffer, home.page, id, through([signIn[0], { follow: "Cancel" }]));
      assert.equal(halfway.get("coffer_error"), "access_denied");
      assert.equal((await connect(coffer, home.page, id, through(signIn))).state, "fresh");
    });
  } finally {
    await chromium.close();
  }
});

test("a disconnection while the provider is down serves nothing from then on, and is repeated when it is back", async () => {
  const events = [];
  await using(await oidcProvider(coffer, { onEvent: ({ event }) => events.push(event) }), async ({ id, peer, rightSecret }) => {
    await rightSecret();
    const connection = await connect(coffer, home.page, id, through(signIn));
    await peer.down();
    const { body: ended } = await of(connection, "disconnect");
    assert.deepEqual([ended.state, ended.revocation], ["revoked", "failed"]);
    assert.equal((await of(connection, "token")).body.code, "revoked");
    assert.equal((await coffer.ask("GET", `/v1/connections/${connection.id}`)).revocation, "failed");

    await peer.up();
    assert.ok(!events.includes("grant.revoked"));
    const { body: again } = await of(connection, "disconnect");
    assert.deepEqual([again.state, again.revocation], ["revoked", "done"]);
    assert.ok(events.includes("grant.revoked"));
  });
});

test("a server that is killed while it refreshes serves after a restart, and the grant lives", async () => {
  const events = [];
  let caught, meet;
  const options = {
    onEvent: (event) => events.push(event),
    before: (request) => request.method === "POST" && request.url === "/token" && meet?.(request),
  };
  await using(await oidcProvider(coffer, options), async ({ id, rightSecret }) => {
    await rightSecret();
    const connection = await connect(coffer, home.page, id, through(signIn));
    const { body: first } = await of(connection, "token");

    // The request for a refresh has come to the provider, and never gets further.
    const met = new Promise((resolve) => (caught = resolve));
    meet = (request) => {
      meet = undefined;
      caught();
      return new Promise((resolve) => request.on("close", resolve));
    };
    const cut = of(connection, "refresh").then(() => assert.fail("it was answered"), () => "cut");
    await met;
    await coffer.kill();
    assert.equal(await cut, "cut");

    await coffer.start();
    const { body: served } = await of(connection, "token");
    assert.equal(served.access_token, first.access_token, "the token that lives is served at once");
    const second = await refreshed(connection);
    assert.equal(second.generation, first.generation + 1);
    assert.deepEqual(events.filter(({ event }) => event !== "grant.success" && event !== "authorization.success"), []);
    assert.equal((await coffer.ask("GET", `/v1/connections/${connection.id}`)).state, "fresh");
  });
});
