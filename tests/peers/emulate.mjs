// npm emulate: Google or GitHub with their quirks, one service per process. The account to choose is Ada Example.
//
//   node emulate.mjs --service google --redirect-uri http://127.0.0.1:8080/callback [--port 0]
import { randomBytes } from "node:crypto";
import { createEmulator } from "emulate";
import { clientOptions, isMain, run } from "./command.mjs";
import { freePort } from "./ports.mjs";

export async function serve({ service, port, ...options }) {
  const listening = Number(port ?? 0) || (await freePort()); // it must be told its own address before it listens
  const issuer = `http://127.0.0.1:${listening}`;
  const client = {
    issuer,
    client_id: service === "google" ? "coffer.apps.example.com" : "Iv1.coffer",
    client_secret: randomBytes(24).toString("base64url"),
  };
  const registered = { ...client, name: "Coffer", redirect_uris: options["redirect-uri"] };
  const emulator = await createEmulator({ service, port: listening, baseUrl: issuer, seed: seed(service, registered) });
  return { client, stop: () => emulator.close() };
}

function seed(service, client) {
  switch (service) {
    case "google":
      return {
        google: {
          users: [{ email: "ada@example.com", name: "Ada Example", email_verified: true }],
          oauth_clients: [client],
        },
      };
    case "github":
      return {
        github: {
          users: [{ login: "ada", name: "Ada Example", email: "ada@example.com" }],
          oauth_apps: [client],
        },
      };
    default:
      throw new Error(`unknown service ${service}: google or github`);
  }
}

if (isMain(import.meta)) {
  await run({ ...clientOptions, service: { type: "string" } }, serve);
}
