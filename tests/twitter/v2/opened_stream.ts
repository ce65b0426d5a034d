/** A stream of version 2 from the sandbox, and what is read of it. */

import type { SandboxOptions } from "../../../lib/sandbox/server.ts";
import type { StreamItem, StreamWanted } from "../../../lib/twitter/api.ts";
import { Signer } from "../../../lib/twitter/http/signer.ts";
import { Transport } from "../../../lib/twitter/http/transport.ts";
import { V2Api } from "../../../lib/twitter/v2/api.ts";
import { type IdleSandbox, inIdleSandbox } from "../../fakes/idle_sandbox.ts";

export const WANTED: StreamWanted = { owner: "live", filter: { rules: [{ value: "sandbox" }] } };

export async function opened(
  use: (
    place: IdleSandbox & { api: V2Api; apiOf: (options: { quietMs?: number }) => V2Api },
  ) => Promise<void>,
  options: SandboxOptions = {},
): Promise<void> {
  await inIdleSandbox(async (place) => {
    const { sandbox, clock } = place;
    const signer = new Signer({ bearer_token: sandbox.bearer }, sandbox.url);
    const transport = new Transport({ signer, clock });
    const apiOf = (options: { quietMs?: number }) => new V2Api({ transport, clock, ...options });
    await use({ ...place, apiOf, api: apiOf({}) });
  }, options);
}

/** Reads until `enough` says so; it is asked after each item but those of connections that were lost. */
export async function reading(
  api: V2Api,
  wanted: StreamWanted,
  enough: (items: StreamItem[]) => boolean,
): Promise<StreamItem[]> {
  const items: StreamItem[] = [];
  const stop = new AbortController();
  for await (const item of api.stream(wanted, stop.signal)) {
    if (item.lost !== undefined) continue;
    items.push(item);
    if (enough(items)) stop.abort();
  }
  return items;
}

export function ids(items: StreamItem[]): string[] {
  return items.flatMap(({ tweets }) => tweets.map(({ id }) => id));
}

export function isOpen(items: StreamItem[]): boolean {
  return items.length === 1;
}
