import assert from "node:assert/strict";
import { ApiError, UserError } from "../../../lib/base/errors.ts";
import { beginLogin } from "../../../lib/twitter/http/login.ts";
import { Signer } from "../../../lib/twitter/http/signer.ts";
import { Transport } from "../../../lib/twitter/http/transport.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

const never = new AbortController().signal;
const ASKED = { method: "GET", path: "2/users/7/tweets", parameters: { a: "secret" } } as const;
const PAIR = { consumer_key: "a", consumer_secret: "b" };

/** An API that answers each request by its number, from 1 on. */
async function withApi(
  answer: (n: number) => Response,
  use: (base: URL, asked: () => number) => Promise<void>,
): Promise<void> {
  let n = 0;
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(options, () => answer(++n));
  try {
    await use(new URL(`http://127.0.0.1:${server.addr.port}`), () => n);
  } finally {
    await server.shutdown();
  }
}

const moved = (status: number, location = "https://api.new.example/2/users/7/tweets?a=secret") =>
  new Response("<html>Moved</html>", { status, headers: { location } });

for (const status of [301, 308]) {
  Deno.test(`an API that has moved for good (${status}) is named with what to set, at once`, () =>
    withApi(() => moved(status), async (base, asked) => {
      const signer = new Signer({ bearer_token: "b" }, base);
      const transport = new Transport({ signer, clock: new QuickClock() });
      for (
        const ask of [() => transport.ask(ASKED, String, never), () => transport.open(ASKED, never)]
      ) {
        await assert.rejects(ask(), (error) => {
          assert.ok(error instanceof UserError);
          assert.match(
            error.message,
            /with 30[18]: it has moved for good to https:\/\/api\.new\.example\/2\/users\/7\/tweets$/,
          );
          assert.match(error.hint ?? "", /set TWITTER_API_URL=https:\/\/api\.new\.example: keys/);
          return true;
        });
      }
      assert.equal(asked(), 2);
    }));
}

Deno.test("the token of an app, and a login, name where the API has moved to", () =>
  withApi(() => moved(308), async (base) => {
    const signer = new Signer(PAIR, base);
    const transport = new Transport({ signer, clock: new QuickClock() });
    await assert.rejects(
      transport.ask(ASKED, String, never),
      /oauth2\/token with 308: it has moved/,
    );
    await assert.rejects(
      beginLogin(PAIR, base),
      /oauth\/request_token with 308: it has moved for good/,
    );
  }));

Deno.test("an API that answered here before is asked again: its gateway may lead elsewhere for a while", () =>
  withApi((n) => n === 2 ? moved(301) : Response.json({}), async (base) => {
    const signer = new Signer({ bearer_token: "b" }, base);
    const clock = new QuickClock();
    const transport = new Transport({ signer, clock });
    await transport.ask(ASKED, String, never);
    await transport.ask(ASKED, String, never);
    assert.deepEqual(clock.slept, [5_000]);
  }));

Deno.test("an address that leads elsewhere for now is no move, and one on the same host is no new setting", () =>
  withApi((n) => moved(n <= 10 ? 302 : 301, n <= 10 ? undefined : "/3/users"), async (base) => {
    const signer = new Signer({ bearer_token: "b" }, base);
    const transport = new Transport({ signer, clock: new QuickClock() });
    await assert.rejects(transport.ask(ASKED, String, never), (error) => {
      assert.ok(error instanceof ApiError);
      assert.match(error.message, /302: it redirects elsewhere/);
      return true;
    });
    await assert.rejects(transport.ask(ASKED, String, never), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /moved for good to http:\/\/127\.0\.0\.1:\d+\/3\/users$/);
      assert.match(error.hint ?? "", /newer version/);
      return true;
    });
  }));
