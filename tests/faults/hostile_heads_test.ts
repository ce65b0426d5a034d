import assert from "node:assert/strict";
import { ApiError } from "../../lib/base/errors.ts";
import { openApi } from "../../lib/twitter/open.ts";
import { QuickClock } from "../fakes/quick_clock.ts";
import { json } from "./hostile_api.ts";
import { KEYS } from "./hostile_harvest.ts";
import { RawServer, serve } from "./raw_server.ts";

const never = new AbortController().signal;

/** What a server that speaks its own HTTP sends at once, and then again and again. */
const HEADS: [string, string, string][] = [
  ["nothing at all", "", ""],
  ["a status without headers", "HTTP/1.1 200 OK\r\n", ""],
  ["headers without end", "HTTP/1.1 200 OK\r\n", "X-More: more\r\n"],
  ["a header without end", "HTTP/1.1 200 OK\r\nX-Long: ", "x".repeat(1_000)],
  ["no HTTP", "220 mail.example.org ESMTP\r\n", "hello\r\n"],
];

for (const version of ["1.1", "2"] as const) {
  Deno.test(`an answer of ${version} whose head does not come is given up, of a page and of a stream`, async (t) => {
    for (const [name, head, more] of HEADS) {
      await t.step(name, async () => {
        const server = new RawServer(head, more);
        const options = { version, keys: KEYS, base: server.url, answerTimeout: 50 };
        const api = await openApi({ ...options, clock: new QuickClock() });
        await assert.rejects(
          api.search("x", {}, never),
          (error) =>
            error instanceof ApiError &&
            /^The API.{10,200}, 10 times in a row$/.test(error.message),
        );
        // On a slow machine a try may be given up before it is connected.
        assert.ok(server.connections > 0 && server.connections <= 10, `${server.connections}`);
        const stop = new AbortController();
        server.on(version === "2" ? 21 : 13, () => stop.abort());
        const wanted = { owner: "c", filter: { track: "x" } };
        const stream = Array.fromAsync(api.stream(wanted, stop.signal));
        if (version === "2") {
          await assert.rejects(stream, ApiError, "It fails where it asks for its rules");
        } else assert.deepEqual(await stream, []);
        await server.close();
      });
    }
  });
}

for (const version of ["1.1", "2"] as const) {
  for (const status of [301, 302, 303, 307, 308]) {
    Deno.test(`version ${version}: a ${status} to another host is not followed: it gets no keys, and no say`, async () => {
      const other = serve(() => json("[]"));
      const server = serve((request) =>
        Response.redirect(new URL(new URL(request.url).pathname, other.url), status)
      );
      const clock = new QuickClock();
      const api = await openApi({ version, keys: KEYS, clock, base: server.url });
      const stop = new AbortController();
      const wanted = { owner: "c", filter: { track: "x" } };
      const clockStop = () => server.asked() > 13 && stop.abort();
      const isForGood = status === 301 || status === 308;
      const says = isForGood
        ? /has moved for good to http/
        : /redirects elsewhere.*10 times in a row$/;
      await assert.rejects(api.search("x", {}, never), says);
      const consumer = { consumer_key: "a", consumer_secret: "b" };
      const asApp = await openApi({ version, keys: consumer, clock, base: server.url });
      await assert.rejects(
        asApp.search("x", {}, never),
        isForGood ? says : /oauth2\/token with 30\d.*10 times/,
      );
      if (version === "1.1" && isForGood) {
        await assert.rejects(Array.fromAsync(api.stream(wanted, stop.signal)), says);
      } else if (version === "1.1") {
        const watch = setInterval(clockStop, 1);
        await Array.fromAsync(api.stream(wanted, stop.signal));
        clearInterval(watch);
      }
      assert.equal(other.asked(), 0);
      await server.close();
      await other.close();
    });
  }
}
