/** Has the next harvest request a collection's gaps. */

import { z } from "zod";
import { type CollectionConfig, planFor } from "../collection/types/registry.ts";
import type { Checkpoint } from "../bucket/checkpoint.ts";
import { checkpointSum } from "../bucket/checkpoint_state.ts";
import { openKnown } from "../bucket/known_checkpoint.ts";
import { GAP_WALK, type MissedSpan, walksOfGap } from "../bucket/gaps.ts";
import type { Lease } from "../bucket/lease.ts";
import { collectionKeys } from "../collection/layout.ts";
import { STREAM_WALK } from "../collection/walks.ts";
import type { Clock } from "../base/clock.ts";
import { UserError } from "../base/errors.ts";
import { isObject, type Json, type JsonObject } from "../base/json.ts";
import type { Store } from "../store/store.ts";
import { timeId } from "../twitter/bytes/ids.ts";
import { RECENT } from "../twitter/reach.ts";
import { searchQueries } from "../twitter/rules.ts";
import { amend } from "./repair_inventory.ts";
import { withPresent } from "./gap_known.ts";
import { type GapLook, type ListedGap, listGaps } from "./gap_list.ts";
import { IdSpans } from "./id_spans.ts";

/** The position of a walk: what it has recorded all down to. */
const begunSchema = z.object({ oldest: z.string() });

/** Options of fillGaps(). */
export interface FillOptions {
  store: Store;
  clock: Clock;
  config: CollectionConfig;
  /** The collection's lease: it is not harvested meanwhile. */
  lease: Lease;
  /** The id of the lease's holder. */
  holder: string;
}

/**
 * Returns the facts that determine the status of a collection's gaps. @param config Null if it cannot be read: the reach
 * of the API is unknown then. @param positions The checkpoint's. @param now In milliseconds since 1970.
 */
export function gapLook(config: CollectionConfig | null, positions: object, now: number): GapLook {
  const walks = Object.entries(positions)
    .filter(([name, at]) => name.startsWith(GAP_WALK) && at !== "whole")
    .map(([name, at]) => ({ name, oldest: begunSchema.safeParse(at).data?.oldest }));
  if (!config) return { walks, reach: -Infinity };
  const { reading } = planFor(config);
  // Only requests show how far back a timeline goes; a list of ids has no limit.
  if (reading.kind === "timelines" || reading.kind === "ids") return { walks, reach: -Infinity };
  if (queriesFor(config, {}).length === 0) return { walks, reach: Infinity };
  const isArchive = reading.kind === "query" && reading.span.archive === "all";
  return { walks, reach: isArchive ? -Infinity : now - RECENT };
}

/**
 * Has the next harvest request every open gap.
 * @returns These gaps.
 * @throws UserError if the collection's last harvest was interrupted; LockedError if the lease is lost; OutsideError
 */
export async function fillGaps(
  { store, clock, config, lease, holder }: FillOptions,
): Promise<ListedGap[]> {
  const { id: collectionId, type } = config;
  const checkpoint = await openKnown(store, { collectionId, type, holder, clock });
  await checkpoint.fence(() => lease.prove());
  const { positions, state } = checkpoint.state;
  if (state === "harvesting") {
    throw new UserError(
      `The last harvest of ${collectionId} was interrupted and is not finished`,
      {
        hint: "Harvest it once more, then request the gaps.",
      },
    );
  }
  const gaps = await listGaps(store, collectionId, gapLook(config, positions, clock.now()));
  const open = gaps.filter(({ status }) => status === "open");
  const options = { store, clock, config, lease, collectionId, checkpoint };
  return await askFor(options, await withoutPresent(options, open)) ? open : [];
}

/** Returns gaps with the ids in them that a search is to leave out, as they are there. @throws OutsideError */
export async function withoutPresent(
  { store, config, collectionId }: Pick<FillOptions, "store" | "config"> & { collectionId: string },
  open: ListedGap[],
): Promise<ListedGap[]> {
  const { kind } = planFor(config).reading;
  const isSearched = kind === "stream" || kind === "query";
  return isSearched ? await withPresent({ store, collectionId }, open, idsAround) : open;
}

/**
 * Has the next harvest request gaps. @returns Whether there is anything to request.
 * @throws as `fillGaps`
 */
export async function askFor(
  { store, clock, config, collectionId, lease, checkpoint }:
    & Pick<FillOptions, "store" | "clock" | "config" | "lease">
    & { collectionId: string; checkpoint: Checkpoint },
  open: ListedGap[],
): Promise<boolean> {
  const walks = open.flatMap((gap) => walksOfGap(idsAround(gap), queriesFor(config, gap)));
  if (walks.length === 0) return false;
  const begun = Object.fromEntries(walks.map(({ name, position }) => [name, position]));
  const { state } = checkpoint;
  const positions = { ...begun, ...withoutLost(state.positions, open) };
  await lease.confirm();
  const folder = collectionKeys(collectionId).harvest(state.began);
  const place = { store, clock, collectionId, lease };
  await amend(place, folder, {}, checkpointSum({ ...state, positions }));
  await checkpoint.commit({ positions });
  return true;
}

/**
 * Returns positions in which a stream's last ids are without lost ones: the next harvest takes what it finds of these
 * for repeated, and leaves it out.
 */
function withoutLost(positions: JsonObject, gaps: ListedGap[]): JsonObject {
  const stream = positions[STREAM_WALK];
  if (!isObject(stream) || !Array.isArray(stream.ids)) return positions;
  const spans = new IdSpans(
    gaps.filter(({ lost }) => lost).flatMap((gap) => {
      const { sinceId, untilId } = idsAround(gap);
      return untilId === undefined ? [] : [{ sinceId, untilId, known: new Set(gap.known) }];
    }),
  );
  const isLost = (id: Json) =>
    typeof id === "string" && spans.around(id).some(({ known }) => !known.has(id));
  const ids = stream.ids.filter((id) => !isLost(id));
  return { ...positions, [STREAM_WALK]: { ...stream, ids } };
}

/** Returns the ids around a gap: recorded ones, or the first of its times. */
function idsAround({ from, to, since_id, until_id, newer, known }: ListedGap): MissedSpan {
  if (until_id === undefined) {
    const [sinceId, untilId] = [since_id ?? timeId(Date.parse(from)), timeId(Date.parse(to))];
    return { sinceId, untilId, known };
  }
  // Of a first search, which goes back as far as the API reaches.
  return { sinceId: since_id ?? "0", untilId: until_id, newer, known };
}

/** Returns the queries that search a gap in place of a collection's own source; none if nothing can. */
export function queriesFor(
  config: CollectionConfig,
  { user_id }: { user_id?: string | undefined },
): string[] {
  const { reading } = planFor(config);
  switch (reading.kind) {
    case "timelines":
      return user_id === undefined ? [] : [user_id];
    case "query":
      return [reading.query];
    case "ids":
      return [""];
    case "stream":
      return config.api === "2" ? searchQueries(reading.filter).queries : [];
  }
}
