// What the programs of this folder share when they are started from a shell.
import { parseArgs } from "node:util";

/** Whether this module is the program, and not imported by another. */
export const isMain = (meta) => process.argv[1] === meta.filename;

/**
 * Serves until standard input ends, so that whoever started it need only exit. The first line of output is
 * `{"ready":...}` with what a client needs; later lines are events.
 */
export async function run(options, serve) {
  const { values } = parseArgs({ options, strict: true });
  const peer = await serve({ ...values, onEvent: (event) => console.log(JSON.stringify(event)) });
  console.log(JSON.stringify({ ready: peer.client }));
  process.stdin.on("end", async () => {
    await peer.stop();
    process.exit(0);
  });
  process.stdin.resume();
}

/** The options that every peer has. */
export const clientOptions = {
  port: { type: "string", default: "0" },
  "redirect-uri": { type: "string", multiple: true, default: [] },
};
