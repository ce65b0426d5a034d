/** As `hint_cases.ts`: errors of the API, of streams, and of harvesters that are not there. */

import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { isoTime, systemClock } from "../../lib/base/clock.ts";
import { writeKept } from "../../lib/runner/local/kept.ts";
import { openStore } from "../../lib/store/open.ts";
import type { Failure } from "./hints.ts";
import type { Place } from "./program.ts";

const inBucket = (place: Place, id: string, name: string) =>
  place.path("twarc-cloud-data", "collections", id, name);

/** Changes a file of JSON. */
async function changed(
  path: string,
  change: (json: Record<string, unknown>) => void,
): Promise<void> {
  const json = JSON.parse(await Deno.readTextFile(path));
  change(json);
  await Deno.writeTextFile(path, JSON.stringify(json));
}

/** Replaces keys of a collection in the bucket by ones that the API does not know. */
const withdraw = (id: string, names: string[]) => (place: Place) =>
  changed(inBucket(place, id, "collection.json"), (config) => {
    const keys = Object.fromEntries(names.map((name) => [name, "withdrawn"]));
    Object.assign(config, { keys });
  });

const USER = ["consumer_key", "consumer_secret", "access_token", "access_token_secret"];

/** An API that answers each request so; the place asks it until `asksSandbox`. */
function answering(body: object, status: number) {
  let server: Deno.HttpServer | undefined;
  return {
    async ask(place: Place) {
      const listening = Promise.withResolvers<number>();
      const onListen = ({ port }: Deno.NetAddr) => listening.resolve(port);
      const answer = () => Response.json(body, { status });
      server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, answer);
      place.env.TWITTER_API_URL = `http://127.0.0.1:${await listening.promise}`;
    },
    async asksSandbox(place: Place) {
      place.env.TWITTER_API_URL = place.sandbox.url.href;
      await server?.shutdown();
    },
  };
}

/** Keys that the API refuses with a code of version 1.1, which says what is wrong with them: 89 is in `hint_cases.ts`, 215 says the same as 32. */
const CODES: Failure[] = [
  [32, "configure"],
  [99, "configure --app"],
].map(([code, hint]) => {
  const api = answering({ errors: [{ code, message: "Refused" }] }, 401);
  return {
    name: `the API refuses keys with code ${code}`,
    before: async (place) => {
      if (code === 32) {
        await place.add({ id: "codes", type: "search", search: { query: "sandbox" } });
      }
      await withdraw("codes", USER)(place);
      await api.ask(place);
    },
    run: ["collection", "once", "codes", "--wait"],
    hints: [`${hint}`, "collection keys codes"],
    first: (place) => api.asksSandbox(place),
  };
});

const TOKEN_WANTED = {
  title: "Unsupported Authentication",
  type: "https://api.twitter.com/2/problems/unsupported-authentication",
  detail: "Authenticating with these keys is forbidden for this endpoint.",
  status: 403,
};

/** Keys of version 2. */
function newer(): Failure[] {
  const api = answering(TOKEN_WANTED, 403);
  return [{
    name: "the API wants a bearer token",
    before: async (place) => {
      await place.add({ id: "newer", type: "search", api: "2", search: { query: "sandbox" } });
      await withdraw("newer", USER)(place);
      await api.ask(place);
    },
    run: ["collection", "once", "newer", "--wait", "--yes"],
    hints: ["configure --bearer-token", "collection keys newer"],
    first: (place) => api.asksSandbox(place),
  }, {
    name: "the API gives the app no token",
    before: withdraw("newer", USER.slice(0, 2)),
    run: ["collection", "once", "newer", "--wait", "--yes"],
    hints: ["configure --bearer-token", "collection keys newer"],
  }];
}

const RULES = (id: string, value: string) => ({
  id,
  type: "filter",
  api: "2",
  filter: { rules: [{ value }] },
});

const STREAMS: Failure[] = [
  {
    name: "the app's rules are another collection's",
    before: async (place) => {
      await place.add(RULES("one", "sandbox"));
      await place.add(RULES("two", "sandbox other"));
      await place.ok("collection", "filter-start", "one");
    },
    run: ["collection", "filter-start", "two"],
    hints: ["collection filter-stop one"],
  },
  {
    name: "who has the lock of a stream is to be followed",
    run: ["collection", "recover", "two"],
    hints: ["harvest running --follow two"],
    again: null,
  },
  {
    name: "the harvester runs on another machine",
    before: (place) =>
      changed(inBucket(place, "two", "lock.json"), (lock) => {
        Object.assign(lock, { is: lock.host, at: lock.control, host: "elsewhere" });
        delete lock.control;
      }),
    run: ["collection", "stop", "--now", "two"],
    code: 3,
    hints: ["collection stop --now two"],
    first: (place) =>
      changed(inBucket(place, "two", "lock.json"), (lock) => {
        Object.assign(lock, { host: lock.is, control: lock.at });
      }),
    again: null,
  },
  {
    name: "the API takes none of the rules",
    before: (place) => place.add(RULES("three", "bogus:1")),
    run: ["collection", "filter-start", "three"],
    hints: ["collection-config update"],
    first: async (place) => {
      await place.ok("collection-config", "download", "three");
      await changed(place.path("collection.json"), (config) => {
        config.filter = { rules: [{ value: "other" }] };
      });
    },
  },
  {
    name: "a stream has ended by a fault that a person has to see to",
    before: async (place) => {
      await place.ok("collection", "filter-stop", "three");
      const since = isoTime(systemClock.now());
      await writeKept(await openStore(parseBucket(place.path("twarc-cloud-data"))), {
        collection_id: "three",
        flags: {},
        since,
        keeper: "k",
        state: "ended",
        fault: { since, tries: 1, problem: "The keys were withdrawn.", exit_code: 1 },
      });
    },
    run: ["harvest", "running", "three"],
    hints: ["collection filter-start three"],
    again: null,
  },
];

/** In this order. */
export const API_FAILURES: Failure[] = [...CODES, ...newer(), ...STREAMS];
