import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { shipped } from "../shipped.ts";
import { inTurns } from "../fakes/turns.ts";
import { bodyOf, type Bomb, bombOf } from "./bombs.ts";

const EATER = fileURLToPath(new URL("bomb_eater.ts", import.meta.url));
const LENGTH = 4 * 2 ** 30;
/** Megabytes that the process may take at its peak; some 80 of them with nothing to eat. */
const MOST_MB = 320;

const eatenSchema = z.object({ came: z.string(), peakMb: z.number() });

/** What a process says that was given a bomb as its first answers. */
async function eaten(kind: "page" | "stream", bomb: Bomb): Promise<z.infer<typeof eatenSchema>> {
  let asked = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    asked++;
    if (kind === "stream") {
      assert.equal(request.headers.get("accept-encoding"), "identity");
      if (asked > 1) return new Response("\r\n");
    }
    const headers = { "content-encoding": bomb.packing, "content-type": "application/json" };
    return new Response(bodyOf(bomb, LENGTH), { headers });
  });
  const [deno = "", ...args] = shipped(EATER, ["--allow-all"]);
  const { stdout } = await new Deno.Command(deno, {
    args: [...args, kind, `http://127.0.0.1:${server.addr.port}/`],
    stderr: "inherit",
  }).output();
  return eatenSchema.parse(JSON.parse(new TextDecoder().decode(stdout)));
}

for (const packing of inTurns(["gzip", "br"] as const, 0)) {
  Deno.test({
    name:
      `a page in ${packing} that unpacks to 4 GiB is refused, in little memory, and asked for again`,
    fn: async () => {
      const { came, peakMb } = await eaten("page", await bombOf(packing));
      assert.match(came, /damaged: It is longer than 64 MiB, unpacked, 10 times in a row/);
      assert.ok(peakMb < MOST_MB, `${peakMb} MB`);
    },
  });
}

const FILLINGS = [["without a line end", " "], ["of line ends", "\n"]] as const;

for (const [what, filling] of inTurns(FILLINGS, 0)) {
  Deno.test({
    name:
      `a stream in gzip that unpacks to 4 GiB ${what} is left and opened again, in little memory`,
    fn: async () => {
      const { came, peakMb } = await eaten("stream", await bombOf("gzip", filling));
      assert.equal(came, "The stream was lost: It unpacks to more than any stream sends");
      assert.ok(peakMb < MOST_MB, `${peakMb} MB`);
    },
  });
}
