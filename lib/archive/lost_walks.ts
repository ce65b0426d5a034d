/** Finds the gaps that damaged files leave in timelines, searches and lists of ids. */

import { checkConfig } from "../collection/config.ts";
import { FILES } from "../collection/layout.ts";
import { type CollectionConfig, planFor } from "../collection/types/registry.ts";
import type { Plan } from "../collection/types/rules.ts";
import { userOfWalk, userWalk } from "../collection/walks.ts";
import { isObject, type JsonObject, jsonOrNull } from "../base/json.ts";
import { GAP_WALK, readGaps, type RecordedGap } from "../bucket/gaps.ts";
import type { Store } from "../store/store.ts";
import { idTime, isOlder, readIds, timeId } from "../twitter/bytes/ids.ts";
import { member } from "../twitter/bytes/raw_json.ts";
import { gapName, readFilled } from "./gap_list.ts";
import { type Fill, type Hole, Holes, listMissingParts, type Stand } from "./holes.ts";
import { DAMAGED, type LostFinder } from "./lost_finder.ts";
import { walkOfLine } from "./restored_positions.ts";

/** Options of LostOfWalks. */
export interface LostOptions {
  store: Store;
  config: CollectionConfig;
  /** The checkpoint's. */
  positions: JsonObject;
  /** The folders that are read, oldest first. */
  folders: string[];
}

/** Finds what damaged files lost of walks. */
export class LostOfWalks implements LostFinder {
  readonly #options: LostOptions;
  readonly #plan: Plan;
  readonly #holes: Holes;
  /** By the walks in which the requested gaps are missing. */
  readonly #fills: Map<string, Fill[]>;
  /** By the folders of the harvests that finished them. */
  readonly #ended: Map<string, Fill[]>;

  private constructor(
    options: LostOptions,
    { fills, ended }: { fills: Map<string, Fill[]>; ended: Map<string, Fill[]> },
  ) {
    this.#options = options;
    this.#plan = planFor(options.config);
    this.#fills = fills;
    this.#ended = ended;
    const goesUp = this.#plan.reading.kind === "ids";
    this.#holes = new Holes({ goesUp, standOf: (walk) => findStand(options.positions, walk) });
  }

  /** Opens it for the given harvests. @throws UserError if a file is damaged; OutsideError */
  static async open(options: LostOptions): Promise<LostOfWalks> {
    const { store, folders, positions, config } = options;
    const areTimelines = planFor(config).reading.kind === "timelines";
    const fills = new Map<string, Fill[]>();
    const add = (user: string | undefined, fill: Fill) => {
      const key = user === undefined ? "" : userWalk(user);
      const known = fills.get(key);
      if (known) known.push(fill);
      else fills.set(key, [fill]);
    };
    const ended = new Map<string, Fill[]>();
    for (const folder of folders) {
      const here: Fill[] = [];
      for (const { from, since_id, until_id, user_id } of await readFilled(store, folder)) {
        if (until_id === undefined) continue;
        const sinceId = since_id ?? timeId(from);
        const fill = { walk: gapName(sinceId, until_id, user_id), sinceId, untilId: until_id };
        here.push(fill);
        add(user_id, fill);
      }
      ended.set(folder, here);
    }
    for (const walk of Object.keys(positions)) {
      const [, sinceId = "", untilId, query = ""] = /^gap:(\d+)-(\d+):([^]*)$/.exec(walk) ?? [];
      if (untilId === undefined) continue;
      add(areTimelines ? query : undefined, { walk, sinceId, untilId });
    }
    return new LostOfWalks(options, { fills, ended });
  }

  async begin(folder: string): Promise<void> {
    const { store } = this.#options;
    const config = await readCopy(store, folder);
    this.#holes.begin(folder, {
      walks: this.#walks(),
      sinceOf: config && planFor(config).sinceId,
      fills: this.#ended.get(folder) ?? [],
    });
  }

  line(line: Uint8Array): void {
    const walk = walkOfLine(this.#plan, line);
    if (walk === null) return;
    const fills = this.#fills.get(userOfWalk(walk) === undefined ? "" : walk) ?? [];
    let isOfWalk = false;
    for (const id of readIds(line)) {
      const fill = fills.findLast(({ sinceId = "0", untilId }) =>
        isOlder(sinceId, id) && isOlder(id, untilId)
      );
      this.#holes.add(fill?.walk ?? walk, id, fill);
      isOfWalk ||= !fill;
    }
    if (isOfWalk) this.#holes.noteEnd(walk, isLastPage(line));
  }

  noteDamage(): void {
    this.#holes.noteDamage();
  }

  async finish(): Promise<{ folder: string; gap: RecordedGap }[]> {
    const { store } = this.#options;
    const found: { folder: string; gap: RecordedGap }[] = [];
    const byFolder = Map.groupBy(this.#holes.finish(this.#plan.sinceId), ({ folder }) => folder);
    for (const [folder, holes] of byFolder) {
      const known = Map.groupBy(
        (await readGaps(store, `${folder}${FILES.gaps}`)).map(withIds),
        ({ user_id = "" }) => user_id,
      );
      for (const hole of holes) {
        const user = this.#userFor(hole.walk);
        for (const left of listMissingParts(hole, known.get(user ?? "") ?? [])) {
          found.push({ folder, gap: toGap(left, user) });
        }
      }
    }
    return found;
  }

  #walks(): string[] {
    const { walk, reading } = this.#plan;
    if (reading.kind === "timelines") return Object.keys(reading.users).map(userWalk);
    return walk === undefined ? [] : [walk];
  }

  /** Returns the user of a timeline's walk, including one that requests a gap; undefined for any other walk. */
  #userFor(walk: string): string | undefined {
    if (this.#plan.reading.kind !== "timelines") return undefined;
    return userOfWalk(walk) ?? /^gap:\d+-\d*:(\d+)$/.exec(walk)?.[1];
  }
}

/** Returns a gap with ids, by default the first ones of its times. */
function withIds({ from, to, since_id, until_id, user_id }: {
  from: string;
  to: string;
  since_id?: string;
  until_id?: string;
  user_id?: string;
}) {
  return {
    since_id: since_id ?? (until_id === undefined ? timeId(Date.parse(from)) : "0"),
    until_id: until_id ?? timeId(Date.parse(to)),
    ...(user_id === undefined ? {} : { user_id }),
  };
}

function toGap({ sinceId, untilId, newer }: Hole, user: string | undefined): RecordedGap {
  return {
    from: idTime(sinceId ?? "0"),
    to: idTime(untilId),
    why: DAMAGED,
    ...(sinceId === undefined ? {} : { since_id: sinceId }),
    until_id: untilId,
    lost: true,
    ...(user === undefined ? {} : { user_id: user, newer }),
  };
}

/** Returns a walk's position; undefined if it is finished, or was not begun. */
function findStand(positions: JsonObject, walk: string): Stand | undefined {
  const at = Object.hasOwn(positions, walk) ? positions[walk] : undefined;
  // A list of ids: it goes up.
  if (typeof at === "string" && /^\d+$/.test(at)) return { newest: at, oldest: at };
  if (!isObject(at)) return undefined;
  const { newest, oldest, asked } = at;
  if (walk.startsWith(GAP_WALK) && typeof asked === "string") {
    return { newest: asked, oldest: asked };
  }
  return typeof newest === "string" && typeof oldest === "string" ? { newest, oldest } : undefined;
}

/** Returns the configuration that a harvest began with; null if its copy is missing or invalid. */
async function readCopy(store: Store, folder: string): Promise<CollectionConfig | null> {
  const found = await store.get(`${folder}${FILES.config}`);
  try {
    return checkConfig(jsonOrNull(found?.bytes), { keys: "optional" });
  } catch {
    return null;
  }
}

/** Returns whether a line is the last page of a walk: in version 2, one without a token for the next. */
export function isLastPage(line: Uint8Array): boolean {
  const meta = member(line, "meta");
  return meta !== null && member(line, "next_token", meta.start) === null;
}
