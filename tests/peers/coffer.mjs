// A Coffer installation for a test: the real program, configured and set up by its own commands. Nothing of it is left
// when the test ends, however it ends. COFFER_SERVER names the program, if it is not target/debug/coffer-server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort } from "./ports.mjs";
import * as postgres from "./postgres.mjs";

const program = process.env.COFFER_SERVER || new URL("../../target/debug/coffer-server", import.meta.url).pathname;

// Kills process $0 and removes folder $1 when standard input ends, which it does when whoever started it is gone.
const watchdog = `trap '' INT TERM HUP; read -r _; kill -KILL "$0" 2>/dev/null; rm -rf "$1"`;

/** Every right of a caller. */
const RIGHTS = ["token", "refresh", "read", "connect", "disconnect", "integrations", "callers", "audit"];

/** Sets up an installation on `sqlite` or `postgres` with the tenant `acme`, and serves. `env` are more settings. */
export async function install({ database = "sqlite", env = {} } = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "coffer-peers."));
  const data =
    database === "postgres"
      ? await postgres.create()
      : { env: { COFFER_DATABASE_URL: `sqlite:${path.join(folder, "coffer.db")}` }, drop: async () => {} };
  const listen = `127.0.0.1:${await freePort()}`;
  const coffer = new Coffer(folder, data, `http://${listen}`, {
    PATH: process.env.PATH,
    ...data.env,
    COFFER_KEY_FILE: path.join(folder, "key"),
    COFFER_LISTEN: listen,
    COFFER_WORKERS: "1",
    COFFER_HTTP_ALLOW: "http://127.0.0.1:*",
    COFFER_LOG: "warn",
    ...env,
  });
  try {
    await coffer.command("keys", "generate", "--to", path.join(folder, "key"));
    await coffer.command("migrate");
    coffer.operator = await coffer.command("operators", "create", "--name", "peers");
    coffer.tenant = await coffer.command("tenants", "create", "--external-id", "acme");
    coffer.key = await coffer.caller("peers", RIGHTS);
    await coffer.start();
  } catch (error) {
    await coffer.remove();
    throw error;
  }
  return coffer;
}

class Coffer {
  integrations = 0;

  constructor(folder, data, url, env) {
    Object.assign(this, { folder, data, url, env });
  }

  /** Runs a command to its end, and gives what it prints. It must succeed. */
  async command(...args) {
    const options = typeof args.at(-1) === "object" ? args.pop() : {};
    const { code, stdout, stderr } = await this.try(args, options);
    assert.equal(code, 0, `coffer-server ${args.slice(0, 2).join(" ")}: ${stderr}`);
    return stdout.trim();
  }

  /** Runs a command to its end, however that is. */
  async try(args, { input = "" } = {}) {
    const child = spawn(program, args, { env: this.env });
    child.stdin.on("error", () => {}); // not every command reads it
    child.stdin.end(input);
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
    return { code, stdout, stderr };
  }

  /** Makes a caller of the tenant, and gives its key. */
  caller(name, rights) {
    const verbs = rights.flatMap((right) => ["--verb", right]);
    return this.command("callers", "create", "--tenant", "acme", "--name", name, ...verbs);
  }

  /** Makes an integration of the tenant, or a shared one: a draft. Gives its id. */
  integration(provider, { client_secret, ...fields }, owner = ["--tenant", "acme"]) {
    const set = Object.entries(fields).flatMap(([field, value]) => ["--set", `${field}=${value}`]);
    const name = `${provider} ${(this.integrations += 1)}`;
    const about = [...owner, "--provider", provider, "--name", name, "--secret-file", "client_secret=-"];
    return this.command("integrations", "create", ...about, ...set, { input: client_secret });
  }

  /** Where a provider sends browsers back to. */
  redirectUri(integration) {
    return `${this.url}/oauth/callback/${integration}`;
  }

  /** Starts the server, until it is ready. */
  async start() {
    this.server = spawn(program, ["serve"], { env: this.env, stdio: ["ignore", "inherit", "inherit"] });
    this.ended = once(this.server, "exit");
    const guard = spawn("sh", ["-c", watchdog, this.server.pid, this.folder], { stdio: ["pipe", "ignore", "ignore"] });
    this.ended.then(() => guard.kill("SIGKILL"));
    await until("the server is ready", async () => {
      assert.equal(this.server.exitCode, null, "the server ended");
      return fetch(`${this.url}/ready`).then(({ ok }) => ok, () => false);
    });
  }

  /** Ends the server without a chance to finish anything, as a power cut does. */
  async kill() {
    this.server.kill("SIGKILL");
    await this.ended;
  }

  /** A request with the caller's key, or another; the answer with its JSON. */
  async call(method, address, body, key = this.key) {
    const headers = { authorization: `Bearer ${key}` };
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(new URL(address, this.url), { method, headers, body: JSON.stringify(body) });
    const content = await response.text();
    return { status: response.status, headers: response.headers, body: content && JSON.parse(content) };
  }

  /** The same, where it must succeed: its JSON. */
  async ask(method, address, body) {
    const answer = await this.call(method, address, body);
    assert.ok(answer.status < 300, `${method} ${address}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Stops the server as an operator does, and removes everything. */
  async stop() {
    this.server.kill("SIGTERM");
    const ended = await this.ended;
    await this.remove();
    assert.deepEqual(ended, [0, null], "the server does not stop in order");
  }

  /** Removes everything. */
  async remove() {
    if (this.server && this.server.exitCode === null && this.server.signalCode === null) await this.kill();
    await this.data.drop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Waits for a condition: asks again and again, for ten seconds at most. What it answered last is the answer. */
export async function until(what, condition, seconds = 10) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    assert.ok(Date.now() < deadline, `not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function text(stream) {
  let all = "";
  for await (const chunk of stream.setEncoding("utf8")) all += chunk;
  return all;
}
