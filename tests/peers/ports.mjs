// Ports for programs that must be told their own address before they listen.
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** A port of 127.0.0.1 that nobody listens on, below those that outgoing connections take. */
export async function freePort() {
  for (;;) {
    const server = createServer();
    server.listen(randomInt(10000, 20000), "127.0.0.1");
    try {
      await once(server, "listening");
    } catch (error) {
      if (error.code === "EADDRINUSE") continue;
      throw error;
    }
    const { port } = server.address();
    server.close();
    await once(server, "close");
    return port;
  }
}
