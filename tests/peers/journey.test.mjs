// The whole journey, code to token to refresh to reuse to revoke, against providers that nobody here wrote.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as browser from "./browser.mjs";
import { install, until } from "./coffer.mjs";
import { connect, product } from "./connect.mjs";
import { chooseAda, github, google, oidcProvider, signIn } from "./integrations.mjs";
import * as pages from "./pages.mjs";

/** The life of oidc-provider's access tokens in seconds. */
const LIFE = 8;

for (const database of ["sqlite", "postgres"]) {
  describe(`oidc-provider, on ${database}`, () => {
    const events = [];
    const count = (event, grant) => events.filter((each) => each.event === event && (!grant || each.grant === grant)).length;
    let chromium, coffer, home, provider, connection;

    before(async () => {
      home = await product();
      coffer = await install({ database, env: { COFFER_RETURN_ORIGINS: home.origin } });
      provider = await oidcProvider(coffer, { "access-token-ttl": LIFE, onEvent: (event) => events.push(event) });
      await provider.rightSecret();
      await provider.enable();
      chromium = await browser.launch();
    });
    after(async () => {
      await chromium?.close();
      await provider?.peer.stop();
      await coffer?.stop();
      home?.close();
    });

    const token = () => coffer.ask("POST", `/v1/connections/${connection.id}/token`, { min_ttl: 1 });
    const asClient = async (path, form) => {
      const { issuer, client_id, client_secret } = provider.peer.client;
      const headers = { authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}` };
      const body = new URLSearchParams(form);
      return (await fetch(`${issuer}${path}`, { method: "POST", headers, body })).json();
    };
    const introspected = (token) => asClient("/token/introspection", { token });
    const spend = (refresh_token) => asClient("/token", { grant_type: "refresh_token", refresh_token });
    const throughChromium = async (start) => {
      const visit = await browser.consent(chromium, start, { until: home.origin, steps: signIn });
      assert.equal(await visit.page.title(), "Back");
      await visit.close();
      return visit.address;
    };

    test("a person consents in Chromium, and the connection says whose account it is", async () => {
      connection = await connect(coffer, home.page, provider.id, throughChromium);
      assert.equal(connection.state, "fresh");
      assert.deepEqual([connection.account.subject, connection.account.email], ["ada", "ada@example.com"]);
      assert.deepEqual([connection.rotation, connection.refreshable], ["single_use_family", true]);
      const first = await token();
      assert.equal(first.token_type, "Bearer");
      assert.equal((await introspected(first.access_token)).sub, "ada");
    });

    test("a token is served from here while it lives, and its provider is not asked", async () => {
      const before = await coffer.ask("POST", `/v1/connections/${connection.id}/refresh`);
      const served = await Promise.all(Array.from({ length: 5 }, token));
      assert.deepEqual(new Set(served.map(({ access_token }) => access_token)), new Set([before.access_token]));
      assert.equal(count("grant.success", "refresh_token"), before.generation - 1);
    });

    test("twenty requests for an expired token make one refresh, and no refresh token is ever used twice", async () => {
      for (let round = 0; round < 3; round += 1) await coffer.ask("POST", `/v1/connections/${connection.id}/refresh`);
      const old = await token();
      await until("the token expires", () => Date.now() >= Date.parse(old.expires_at));
      const all = await Promise.all(Array.from({ length: 20 }, token));
      const { access_token, generation } = all[0];
      assert.deepEqual(new Set(all.map((each) => each.access_token)), new Set([access_token]));
      assert.equal(generation, old.generation + 1);
      assert.equal((await introspected(access_token)).active, true, "the grant lives");

      assert.equal(count("grant.success", "refresh_token"), generation - 1, "the provider saw one refresh each");
      assert.deepEqual([count("grant.error"), count("grant.revoked")], [0, 0]);
      const { items } = await coffer.ask("GET", `/v1/connections/${connection.id}/attempts?limit=100`);
      const refreshes = items.filter(({ kind }) => kind === "refresh");
      assert.deepEqual(new Set(refreshes.map(({ outcome }) => outcome)), new Set(["succeeded"]));
      assert.equal(refreshes.length, generation - 1);
    });

    test("the smoke test calls the provider with the token", async () => {
      const smoke = await coffer.ask("POST", `/v1/connections/${connection.id}/smoke-test`);
      assert.deepEqual([smoke.ok, smoke.status, smoke.refreshed], [true, 200, false]);
    });

    test("the same account connected again keeps its id", async () => {
      const again = await connect(coffer, home.page, provider.id, through(home, signIn));
      assert.equal(again.id, connection.id);
      assert.equal((await introspected((await token()).access_token)).active, true);
    });

    // Whoever has stolen a refresh token: the provider sees it used twice, by the thief or by Coffer after him, and ends
    // the grant for both.
    const thefts = [
      { which: "an old refresh token", steal: (tokens) => tokens.at(-2), said: "invalid_grant" },
      { which: "the refresh token in use", steal: (tokens) => tokens.at(-1), said: undefined },
    ];
    for (const { which, steal, said } of thefts) {
      test(`when somebody else uses ${which}, the person is asked to consent again, and the id stays`, async () => {
        const { generation } = await coffer.ask("POST", `/v1/connections/${connection.id}/refresh`);
        const revoked = count("grant.revoked");
        const stolen = await spend(steal(provider.peer.refreshTokens));
        assert.equal(stolen.error, said);

        const refused = await coffer.call("POST", `/v1/connections/${connection.id}/refresh`);
        assert.deepEqual([refused.status, refused.body.code], [409, "consent_required"]);
        assert.equal(count("grant.revoked"), revoked + 1, "the provider ended the grant, once");
        if (!said) assert.equal((await introspected(stolen.access_token)).active, false, "for the thief, too");
        const stands = await coffer.ask("GET", `/v1/connections/${connection.id}`);
        assert.deepEqual([stands.state, stands.generation], ["consent_required", generation]);
        assert.deepEqual([stands.reason.code, stands.reason.provider_code], ["consent_required", "invalid_grant"]);
        assert.match(stands.next_action, /connect session/);
        const { items } = await coffer.ask("GET", `/v1/connections/${connection.id}/attempts`);
        assert.deepEqual([items[0].outcome, items[0].reason.provider_code], ["refused", "invalid_grant"]);

        const errors = count("grant.error");
        const still = await coffer.call("POST", `/v1/connections/${connection.id}/refresh`);
        assert.deepEqual([still.body.code, count("grant.error")], ["consent_required", errors], "it is not tried again");

        const again = await connect(coffer, home.page, provider.id, through(home, signIn));
        assert.deepEqual([again.id, again.state], [connection.id, "fresh"]);
        const { access_token } = await coffer.ask("POST", `/v1/connections/${connection.id}/refresh`);
        assert.equal((await introspected(access_token)).active, true);
      });
    }

    test("a revoked connection serves nothing, and the provider knows", async () => {
      const { access_token } = await token();
      const before = [count("grant.revoked"), count("grant.error")];
      const ended = await coffer.ask("POST", `/v1/connections/${connection.id}/disconnect`);
      assert.deepEqual([ended.state, ended.revocation], ["revoked", "done"]);
      assert.deepEqual([count("grant.revoked"), count("grant.error")], [before[0] + 1, before[1]]);
      assert.equal((await introspected(access_token)).active, false);
      await servesNothing(coffer, connection.id);
    });
  });
}

describe("the emulated services", () => {
  let coffer, home;

  before(async () => {
    home = await product();
    coffer = await install({ env: { COFFER_RETURN_ORIGINS: home.origin } });
  });
  after(async () => {
    await coffer?.stop();
    home?.close();
  });

  const using = async (introduced, body) => {
    try {
      await introduced.rightSecret();
      await introduced.enable();
      await body(introduced);
    } finally {
      await introduced.peer.stop();
    }
  };

  test("Google: the refresh token is kept when a refresh brings none", async () => {
    await using(await google(coffer), async ({ id }) => {
      const connection = await connect(coffer, home.page, id, through(home, chooseAda));
      assert.deepEqual([connection.account.email, connection.account.email_verified], ["ada@example.com", true]);
      assert.deepEqual([connection.provider, connection.rotation], ["google", "static"]);
      const of = (action) => coffer.ask("POST", `/v1/connections/${connection.id}/${action}`);
      const tokens = [await of("token"), await of("refresh"), await of("refresh")];
      assert.equal(new Set(tokens.map(({ access_token }) => access_token)).size, 3);
      assert.deepEqual(tokens.map(({ generation }) => generation), [1, 2, 3]);
      assert.equal((await of("token")).access_token, tokens[2].access_token);
      assert.deepEqual(pick(await of("smoke-test")), { ok: true, status: 200 });

      const ended = await of("disconnect");
      assert.deepEqual([ended.state, ended.revocation], ["revoked", "done"]);
      await servesNothing(coffer, connection.id);
    });
  });

  test("GitHub: a token without expiry and without refresh, whose e-mail address stands elsewhere", async () => {
    await using(await github(coffer), async ({ id }) => {
      const connection = await connect(coffer, home.page, id, through(home, chooseAda));
      assert.deepEqual([connection.account.name, connection.account.email], ["Ada Example", "ada@example.com"]);
      assert.deepEqual([connection.refreshable, connection.expires_at], [false, null]);
      const of = (action) => coffer.call("POST", `/v1/connections/${connection.id}/${action}`);
      const token = await of("token");
      assert.deepEqual([token.status, token.body.expires_in, token.body.provider], [200, null, "github"]);
      assert.deepEqual(pick((await of("smoke-test")).body), { ok: true, status: 200 });
      assert.equal((await of("refresh")).body.access_token, token.body.access_token, "there is nothing to refresh with");

      // The emulation has no such route and answers 404, as GitHub does for a token that it does not know.
      const { body: ended } = await of("disconnect");
      assert.deepEqual([ended.state, ended.revocation], ["revoked", "done"]);
      await servesNothing(coffer, connection.id);
    });
  });
});

const through = (home, steps) => (start) => pages.consent(start, { until: home.origin, steps });

const pick = ({ ok, status }) => ({ ok, status });

async function servesNothing(coffer, connection) {
  for (const action of ["token", "refresh", "smoke-test"]) {
    const { status, body } = await coffer.call("POST", `/v1/connections/${connection}/${action}`);
    assert.deepEqual([status, body.code], [409, "revoked"]);
  }
  assert.equal((await coffer.ask("GET", `/v1/connections/${connection}`)).state, "revoked");
}
