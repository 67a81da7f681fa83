// A database with the three roles of Coffer, in the PostgreSQL of COFFER_TEST_POSTGRES_URL or in one of its own.
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);
const script = new URL("../../crates/testkit/src/postgres/serve.sh", import.meta.url).pathname;

/** Makes the database; `env` is what a server needs to use it, `drop` removes it. */
export async function create() {
  const server = await superuser();
  const name = `coffer_peers_${randomBytes(6).toString("hex")}`;
  const [owner, app, system] = ["owner", "app", "system"].map((role) => `${name}_${role}`);
  await sql(server.url, [
    `CREATE ROLE ${owner} LOGIN NOBYPASSRLS`,
    `CREATE ROLE ${app} LOGIN NOBYPASSRLS`,
    `CREATE ROLE ${system} LOGIN BYPASSRLS`,
    `CREATE DATABASE ${name} OWNER ${owner}`,
    `REVOKE ALL ON DATABASE ${name} FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${name} TO ${app}, ${system}`,
  ]);
  const as = (role) => Object.assign(new URL(server.url), { username: role, pathname: name }).href;
  return {
    env: {
      COFFER_DATABASE_URL: as(app),
      COFFER_DATABASE_SYSTEM_URL: as(system),
      COFFER_DATABASE_OWNER_URL: as(owner),
      COFFER_DATABASE_CONNECTIONS: "4",
    },
    drop: async () => {
      await sql(server.url, [`DROP DATABASE ${name} WITH (FORCE)`, `DROP ROLE ${owner}, ${app}, ${system}`]);
      await server.stop();
    },
  };
}

async function superuser() {
  const url = process.env.COFFER_TEST_POSTGRES_URL;
  if (url) return { url, stop: async () => {} };
  const child = spawn("sh", [script], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(createInterface(child.stdout), "line");
  const stop = async () => {
    child.stdin.end();
    await once(child, "exit");
  };
  return { url: line.replace(/^ready /, ""), stop };
}

const sql = (url, statements) => run("psql", ["-qX", "-v", "ON_ERROR_STOP=1", ...statements.flatMap((each) => ["-c", each]), url]);
