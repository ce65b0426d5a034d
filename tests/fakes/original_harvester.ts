/** A harvester as the Python original's is, seen from outside: its lock, its server, its secret, its end. */

import { collectionKeys } from "../../lib/collection/layout.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { openStore } from "../../lib/store/open.ts";
import { awsOf, type Inside } from "./container.ts";

/** Runs one: `aws harvester BUCKET ID`; its server listens at PORT, where that is set. Its exit code. */
export async function runOriginal(
  { args: [, , bucket = "", id = ""], env, say, terminated, killed }: Inside,
): Promise<number> {
  const store = await openStore(parseBucket(bucket), awsOf(env));
  const { lock, lastHarvest } = collectionKeys(id);
  const harvest_id = new Date().toISOString().replace(/Z$/, "000");
  await store.put(lock, jsonBytes({ harvest_id }));
  const isOver = Promise.withResolvers<void>();
  let stopped: Promise<boolean> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      await store.put(lastHarvest, jsonBytes({ harvest_id }));
      await store.delete(lock);
      return true;
    })();
    return stopped;
  };
  terminated.addEventListener("abort", async () => {
    say("SIGTERM");
    // One that is killed leaves its lock.
    if (env.KILLED === undefined) await stop();
    isOver.resolve();
  });
  const { PORT, secret_key } = env;
  const server = PORT === undefined ? null : Deno.serve(
    { hostname: "127.0.0.1", port: Number(PORT), onListen() {} },
    async (request) => {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname === "/") {
        return Response.json({
          collection_id: id,
          harvest_timestamp: harvest_id,
          tweets: 1252,
          files: 2,
          file_bytes: 15_728_640,
        });
      }
      if (searchParams.get("secret_key") !== secret_key) return new Response("", { status: 401 });
      if (pathname === "/stop") {
        say("asked to stop");
        await stop();
        return new Response("Stopping (but not shutting down) ...");
      }
      return Response.json(stopped !== undefined && await stopped);
    },
  );
  killed.addEventListener("abort", () => server?.shutdown());
  await isOver.promise;
  await server?.shutdown();
  return 0;
}
