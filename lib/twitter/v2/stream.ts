/** The filtered stream of version 2: rules set, one connection held, each line identified. */

import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { type Clock, isoTime } from "../../base/clock.ts";
import { ApiError, errorMessage, LockedError, UserError } from "../../base/errors.ts";
import type { Room } from "../../base/memory.ts";
import { VERSION } from "../../base/version.ts";
import type { Confirm, LineTraits, StreamItem, StreamMessage, StreamWanted } from "../api.ts";
import { endConnection, isFull, type OpenConnection, openConnections } from "./connections.ts";
import { idAt } from "../bytes/ids.ts";
import { name, Outline } from "../bytes/outline.ts";
import { items, member, type Span, text } from "../bytes/raw_json.ts";
import { rulesFor } from "../rules.ts";
import type { ApiRequest } from "../http/signer.ts";
import { liveStream, type StreamLine } from "../stream.ts";
import { strictlyParsed } from "../bytes/strict_json.ts";
import type { Transport } from "../http/transport.ts";
import { answerLine } from "./answers.ts";
import type { Wording } from "./words.ts";
import { goneRules, type OwnRules, removeRules, settleRules } from "./rules.ts";

const log = getLogger(["twarc-cloud", "stream"]);

const encoder = new TextEncoder();
const OPEN_BRACE = 0x7b;

const PATH = "2/tweets/search/stream";
/** Three keep-alives of 20 s missed. */
const STALL_MS = 60_000;
/**
 * Milliseconds of keep-alives only, after which it is reopened, and search is used for tweets that it did not
 * deliver.
 */
const QUIET_MS = 6 * 3_600_000;
/** Milliseconds for a request beside the stream, which goes on without its response. */
const BESIDE_MS = 10_000;
/** Milliseconds between checks of the app's rules. */
const RULES_EVERY = 300_000;
/** Milliseconds to wait for a connection that may not be ours: a dead one counts for up to 20 minutes. */
const PATIENCE_MS = 1_800_000;

/** Options of a filtered stream. */
export interface FilteredStreamOptions {
  transport: Transport;
  clock: Clock;
  wanted: StreamWanted;
  /** The fields that are requested with each post. */
  fields: Record<string, string>;
  wording: Wording;
  /** Milliseconds of keep-alives only, after which it is reopened; by default six hours. */
  quietMs?: number | undefined;
  signal: AbortSignal;
  /** Awaited before it is reopened, and before rules are removed. */
  confirm?: Confirm | undefined;
}

/**
 * Yields the posts of the collection's own rules, until the signal is aborted. The rules are set before and removed
 * after. https://docs.x.com/x-api/posts/filtered-stream/introduction
 * @throws UserError where the app's rules or its connection belong to another program; the errors of `liveStream`.
 */
export async function* filteredStream(options: FilteredStreamOptions): AsyncGenerator<StreamItem> {
  const { transport, clock, wanted, fields, wording, quietMs = QUIET_MS } = options;
  const { signal, confirm } = options;
  const { owner, share = false, filter, backfillMinutes } = wanted;
  const own = { owner, share, wanted: rulesFor(filter) };
  const settle = (asked: Transport, until: AbortSignal) => settleRules(asked, own, until);
  const rules = await settle(transport, signal);
  const parameters = {
    ...fields,
    ...(backfillMinutes ? { backfill_minutes: `${backfillMinutes}` } : {}),
  };
  const request = { method: "GET", path: PATH, parameters } as const;
  const connector = new Connector({ transport, clock, request, wording, stale: wanted.connection });
  const provenance = () => ({
    url: connector.url,
    version: `twarc-cloud ${VERSION}`,
    retrieved_at: isoTime(clock.now()),
  });
  const read = (line: Uint8Array, room: Room) => readLine(line, rules, { provenance, room });
  const stream = liveStream({
    open: (opening) => connector.open(opening),
    read,
    clock,
    waits: transport.waits,
    stallMs: STALL_MS,
    patienceMs: wanted.patienceMs,
    quietMs,
    confirm,
    signal,
  });
  const news: StreamMessage[] = rules.refused.map(refusedMessage);
  const over = new AbortController();
  const onGone = (message: StreamMessage) => void news.push(message);
  const { beside } = transport;
  const watched = { transport: beside, clock, signal: AbortSignal.any([signal, over.signal]) };
  const watching = watchRules(rules, {
    ...watched,
    settle: (until) => settle(beside, until),
    onGone,
  });
  try {
    for await (const item of stream) {
      if (item.lost !== undefined) {
        yield item;
        continue;
      }
      yield {
        ...item,
        messages: [...news.splice(0), ...item.messages],
        ...connector.knownConnection,
      };
    }
  } finally {
    over.abort();
    // No rule is restored after this.
    await watching;
    if (await isOurs(options)) await takeAway(transport, owner);
  }
}

/**
 * Restores rules that another program has removed: without them the stream would be silent, for no visible reason.
 */
async function watchRules(
  rules: OwnRules,
  { transport, clock, signal, settle, onGone }:
    & Pick<FilteredStreamOptions, "transport" | "clock" | "signal">
    & {
      settle: (signal: AbortSignal) => Promise<OwnRules>;
      onGone: (message: StreamMessage) => void;
    },
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(RULES_EVERY, signal);
    if (signal.aborted) return;
    try {
      const gone = await goneRules(transport, rules.ids, signal);
      if (gone.length === 0) continue;
      for (const id of (await settle(signal)).ids) rules.ids.add(id);
      for (const id of gone) rules.ids.delete(id);
      const at = isoTime(clock.now());
      log.warn(
        "Another program removed {count} rules of this collection from the app: they were added again",
        {
          count: gone.length,
        },
      );
      const line = encoder.encode(JSON.stringify({ rules_were_gone: { ids: gone, back_at: at } }));
      onGone({ kind: "rules_were_gone", line });
    } catch (error) {
      if (signal.aborted) return;
      log.warn("The rules could not be read: {problem}", { problem: errorMessage(error) });
    }
  }
}

/** Returns whether to remove the rules: where another harvester has the collection now, they are in use. */
async function isOurs({ confirm, signal }: FilteredStreamOptions): Promise<boolean> {
  if (signal.reason instanceof LockedError) return false;
  return await confirm?.().then(() => true, () => false) ?? true;
}

async function takeAway(transport: Transport, owner: string): Promise<void> {
  await removeRules(transport, owner, AbortSignal.timeout(BESIDE_MS)).catch((error) =>
    log.warn("The rules of {owner} could not be removed: {problem}", {
      owner,
      problem: errorMessage(error),
    })
  );
}

/** Opens connections, of which an app has few: one of ours that the API still counts is ended first. */
class Connector {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #request: ApiRequest;
  readonly #wording: Wording;
  #url = "";
  /** The id of our connection. */
  #own: string | undefined;
  /** Since when another's connection is in the way, by the monotonic clock. */
  #blockedSince: number | undefined;

  constructor({ transport, clock, request, wording, stale }: {
    transport: Transport;
    clock: Clock;
    request: ApiRequest;
    wording: Wording;
    /** A connection that the harvester before may have left. */
    stale: string | undefined;
  }) {
    this.#transport = transport;
    this.#clock = clock;
    this.#request = request;
    this.#wording = wording;
    this.#own = stale;
  }

  /** The id of our connection, once it is known. */
  get knownConnection(): { connection?: string } {
    return this.#own === undefined ? {} : { connection: this.#own };
  }

  /** The address of the stream, as it was requested last. */
  get url(): string {
    return this.#url;
  }

  async open(signal: AbortSignal): Promise<Response> {
    for (;;) {
      try {
        const response = await this.#wording.ask(
          this.#request.parameters,
          (parameters) => {
            this.#url = `https://api.twitter.com/${PATH}?${new URLSearchParams(parameters)}`;
            return this.#transport.open({ ...this.#request, parameters }, signal);
          },
        );
        this.#blockedSince = undefined;
        void this.#learn(AbortSignal.any([signal, AbortSignal.timeout(BESIDE_MS)]));
        return response;
      } catch (error) {
        if (!isFull(error) || !(await this.#makeRoom(error, signal))) throw error;
      }
    }
  }

  /** Finds out which connection is ours: the newest. */
  async #learn(signal: AbortSignal): Promise<void> {
    try {
      const [newest] = await openConnections(this.#transport.beside, signal);
      this.#own = newest?.id ?? this.#own;
    } catch (error) {
      log.info("Connections cannot be listed: {problem}", { problem: errorMessage(error) });
    }
  }

  /** Ends our own connection where it is in the way; never another program's. */
  async #makeRoom(error: ApiError, signal: AbortSignal): Promise<boolean> {
    const beside = AbortSignal.any([signal, AbortSignal.timeout(BESIDE_MS)]);
    const open = await openConnections(this.#transport, beside).catch(() => []);
    signal.throwIfAborted();
    const own = open.find(({ id }) => id === this.#own);
    if (own) {
      log.info("Ending our own connection of {since}, which the API still counts", { ...own });
      this.#own = undefined;
      return await endConnection(this.#transport, own.id, beside).catch(() => false);
    }
    const now = this.#clock.monotonic();
    this.#blockedSince ??= now;
    const blocked = now - this.#blockedSince;
    if (blocked >= PATIENCE_MS) throw allInUse(open, error);
    log.warn(
      "The API still counts a connection to the stream as open{listed}. It may have ended, or belong to another " +
        "program: waiting for it, for {minutes} more minutes at most",
      { listed: connectionText(open), minutes: Math.ceil((PATIENCE_MS - blocked) / 60_000) },
    );
    return false;
  }
}

function allInUse(open: OpenConnection[], cause: ApiError): UserError {
  return new UserError(
    `The API has counted the streams of these keys' app as open for half an hour${
      connectionText(open)
    }`,
    {
      hint:
        "Another program may hold one: stop it (another collection of yours, or another tool), or use the " +
        "keys of another app. A dead connection counts for up to 20 minutes: then start it again.",
      cause,
    },
  );
}

/** Returns what the API reports about the connection that it counts. */
function connectionText([holder]: OpenConnection[]): string {
  return holder ? `, since ${holder.since}${holder.from ? ` from ${holder.from}` : ""}` : "";
}

const problemSchema = z.looseObject({
  title: z.string().optional(),
  detail: z.string().optional(),
  type: z.string().optional(),
  disconnect_type: z.string().optional(),
});
const problemsSchema = z.object({ errors: z.array(problemSchema).min(1) });

/**
 * Returns the kind of a line: a post of the collection's rules, a post of other rules, or a message. A message whose
 * type is operational-disconnect ends the stream, in any of its forms.
 * https://docs.x.com/x-api/fundamentals/handling-disconnections
 * @throws SyntaxError for a line other than a JSON object.
 */
export function readLine(
  line: Uint8Array,
  rules: Pick<OwnRules, "mark" | "ids">,
  { provenance, room }: {
    provenance: () => Parameters<typeof answerLine>[1];
    room?: Room | undefined;
  },
): StreamLine {
  const post = findPost(line);
  if (post) {
    if (!isOwn(line, post.matching, rules)) return { skipped: true };
    const { id, traits, isOneLine } = post;
    return {
      tweet: { id, line: answerLine(line, provenance(), { isOneLine, room }), ...traits },
    };
  }
  const value = strictlyParsed(line);
  if (Array.isArray(value)) throw new SyntaxError("It is not a JSON object");
  const members = new Map([...items(line)].map((item) => [item.key, item]));
  const data = members.get("data");
  if (data && line[data.start] === OPEN_BRACE) {
    if (!isOwn(line, members.get("matching_rules"), rules)) return { skipped: true };
    return { tweet: { id: idAt(line, data.start), line: answerLine(line, provenance()) } };
  }
  const [problem] = problemsSchema.safeParse(value).data?.errors ??
    [problemSchema.safeParse(value).data];
  const kind = problem?.type?.split("/").at(-1) ?? problem?.title ?? [...members.keys()][0];
  const message = { kind: kind ?? "empty", line };
  const isEnd = kind === "operational-disconnect" || problem?.disconnect_type !== undefined;
  return isEnd ? { message, ends: problem?.detail ?? kind ?? "no reason given" } : { message };
}

const outline = new Outline();
const [DATA, MATCHING] = [name("data"), name("matching_rules")];

/** A post in a line, and the rules that it matches. */
interface Post {
  id: string;
  matching: Span | undefined;
  traits: LineTraits;
  isOneLine: boolean;
}

/**
 * Returns the id of a line's post, and the rules that it matches; null for a line that has to be parsed to know its
 * kind.
 */
function findPost(line: Uint8Array): Post | null {
  if (!outline.read(line, 2) || !outline.isObject(0)) return null;
  const data = outline.find(0, DATA);
  const id = data >= 0 && outline.isObject(data) ? outline.id(data) : null;
  if (id === null) return null;
  const matching = outline.find(0, MATCHING);
  return {
    id,
    matching: matching < 0 ? undefined : outline.span(matching),
    traits: outline.traits,
    isOneLine: outline.isOneLine,
  };
}

/** Returns whether a post matches a rule of the collection: by its tag, or by its id, which may be a number. */
function isOwn(
  line: Uint8Array,
  matching: Span | undefined,
  { mark, ids }: Pick<OwnRules, "mark" | "ids">,
) {
  if (!matching) return true;
  for (const { start } of items(line, matching.start)) {
    const [tag, id] = [member(line, "tag", start), member(line, "id", start)];
    const name = tag ? text(line, tag) : "";
    if (name === mark || name.startsWith(`${mark} `) || (id && ids.has(text(line, id)))) {
      return true;
    }
  }
  return false;
}

function refusedMessage({ rule, why }: OwnRules["refused"][number]): StreamMessage {
  return {
    kind: "rule_not_taken",
    line: encoder.encode(JSON.stringify({ rule_not_taken: { value: rule.value, why } })),
  };
}
