// npm oidc-provider: a strict OpenID provider. PKCE is required, refresh tokens rotate, and the use of an old one
// kills the whole grant. Any login name works, with any password.
//
//   node oidc-provider.mjs --redirect-uri http://127.0.0.1:8080/callback [--port 0] [--auth client_secret_basic]
//                          [--access-token-ttl SECONDS] [--refresh-token-ttl SECONDS] [--keep-refresh-token]
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { clientOptions, isMain, run } from "./command.mjs";

// It prints that its log-in pages are for development, which is what they are for here.
console.info = console.warn = () => {};
const { default: Provider } = await import("oidc-provider");

const secret = () => randomBytes(24).toString("base64url");

const REPORTED = ["authorization.success", "grant.success", "grant.error", "grant.revoked"];

/**
 * Starts it. In a test, `onEvent` hears what happens, `before` may hold up a request until its promise is kept,
 * `refreshTokens` are those that it has issued, the newest last, and the peer goes `down` and comes `up` again at the
 * same address with all that it knew.
 */
export async function serve(options) {
  const server = createServer();
  const up = async (port) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return server.address().port;
  };
  const down = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  const port = await up(Number(options.port ?? 0));
  const issuer = `http://127.0.0.1:${port}`;
  const client = { issuer, client_id: "coffer", client_secret: secret() };
  const provider = new Provider(issuer, configuration(client, options));
  for (const name of REPORTED) {
    provider.on(name, (ctx, error) => options.onEvent?.(event(name, ctx, error)));
  }
  // They are opaque: the id is the token.
  const refreshTokens = [];
  provider.on("refresh_token.saved", ({ jti }) => refreshTokens.push(jti));
  const answer = provider.callback();
  server.on("request", async (request, response) => {
    await options.before?.(request);
    if (!request.destroyed) answer(request, response);
  });
  return { client, refreshTokens, down, up: () => up(port), stop: down };
}

function configuration(client, options) {
  const rotate = !options["keep-refresh-token"];
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    clients: [
      {
        client_id: client.client_id,
        client_secret: client.client_secret,
        token_endpoint_auth_method: options.auth ?? "client_secret_basic",
        redirect_uris: options["redirect-uri"],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
      },
    ],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "one" }] },
    cookies: { keys: [secret()] },
    pkce: { required: () => true },
    scopes: ["openid", "email", "offline_access"],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    features: {
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
    },
    issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
    rotateRefreshToken: rotate,
    ttl: {
      AccessToken: Number(options["access-token-ttl"] ?? 3600),
      RefreshToken: Number(options["refresh-token-ttl"] ?? 14 * 86400),
      AuthorizationCode: 60,
      IdToken: 3600,
      Interaction: 600,
      Session: 3600,
      Grant: 14 * 86400,
    },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
    }),
  };
}

// What happened, without any secret of it.
function event(name, ctx, error) {
  const grant = ctx?.oidc?.params?.grant_type;
  const why = error instanceof Error ? { error: error.error ?? error.message, detail: error.error_detail } : {};
  return { event: name, grant, ...why };
}

if (isMain(import.meta)) {
  await run(
    {
      ...clientOptions,
      auth: { type: "string" },
      "access-token-ttl": { type: "string" },
      "refresh-token-ttl": { type: "string" },
      "keep-refresh-token": { type: "boolean" },
    },
    serve,
  );
}
