// What a product's back end and its user do to connect an account, against a server of coffer.mjs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { freePort } from "./ports.mjs";

/** The page of the product to which browsers come back. */
export async function product() {
  const server = createServer((_, response) => response.end("<title>Back</title>"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { origin, page: `${origin}/settings?draft=7`, close: () => server.close() };
}

/**
 * Starts a peer and makes an integration for it, by the address of each: the provider must know the integration's
 * redirect URI, and the integration the provider's issuer. The integration is a draft, whose client secret is wrong.
 */
export async function introduce(coffer, { provider, client_id, fields, serve }) {
  const port = await freePort();
  const config = { client_id, ...fields(`http://127.0.0.1:${port}`) };
  const id = await coffer.integration(provider, { ...config, client_secret: "not-the-secret" });
  const peer = await serve({ port, "redirect-uri": [coffer.redirectUri(id)] });
  assert.equal(peer.client.client_id, client_id);
  const secret = (client_secret) => coffer.ask("PATCH", `/v1/integrations/${id}`, { config: { ...config, client_secret } });
  return {
    id,
    peer,
    wrongSecret: () => secret("not-the-secret"),
    rightSecret: () => secret(peer.client.client_secret),
    enable: () => coffer.command("integrations", "enable", "--tenant", "acme", id),
  };
}

/** Makes a connect session and lets `visit` take the person through it; gives the query that came back. */
export async function consent(coffer, page, integration, visit, session = {}) {
  const wanted = { integration, user: "ada", return_to: page, ...session };
  const { link } = await coffer.ask("POST", "/v1/connect-sessions", wanted);
  const back = new URL(await visit(link));
  assert.equal(back.searchParams.get("draft"), "7", "the state of the user's page is kept");
  return back.searchParams;
}

/** The whole way: consent, and the one-time result redeemed. Gives the connection. */
export async function connect(coffer, page, integration, visit, session) {
  const query = await consent(coffer, page, integration, visit, session);
  assert.equal(query.get("coffer_error"), null);
  const result = query.get("coffer_result");
  const connection = await coffer.ask("POST", "/v1/connect-sessions/redeem", { result });
  const again = await coffer.ask("POST", "/v1/connect-sessions/redeem", { result });
  assert.equal(again.id, connection.id, "a result whose answer was lost is told again");
  return connection;
}
