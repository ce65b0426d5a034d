/** The errors of a bucket on this machine whose hints are taken literally, each in what the ones before have left. */

import assert from "node:assert/strict";
import { filesBelow, type Place } from "./program.ts";
import type { Failure } from "./hints.ts";

const SEARCH = { id: "find", type: "search", search: { query: "sandbox" } };
const FILTER = { id: "live", type: "filter", filter: { track: "sandbox" } };

/** What the tests change in a configuration. */
interface Draft {
  timestamp?: string | undefined;
  search: { query: string };
}

/** Edits collection.json as a person does. */
const edit = (change: (config: Draft) => void) => async (place: Place) => {
  const config = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
  change(config);
  await place.writeJson("collection.json", config);
};

const inBucket = (place: Place, name: string) =>
  place.path("twarc-cloud-data", "collections", "find", name);

export const FAILURES: Failure[] = [
  {
    name: "there is no configuration file",
    run: ["collection-config", "update"],
    hints: ["collection-config template user_timeline --id=ID"],
    again: null,
  },
  {
    name: "no keys are stored",
    before: (place) => place.writeJson("collection.json", SEARCH),
    run: ["collection-config", "keys"],
    hints: ["configure"],
  },
  {
    name: "no such profile",
    run: ["collection-config", "keys", "--profile", "other"],
    hints: ["configure --profile other"],
  },
  {
    name: "the bucket is not there",
    run: ["collection", "list", "--bucket", "./there"],
    hints: ["collection add --bucket ./there"],
  },
  {
    name: "no such collection",
    before: (place) => place.ok("collection", "add"),
    run: ["collection", "once", "fund"],
    hints: ["collection list"],
    again: ["collection", "once", "find", "--wait"],
  },
  {
    name: "a collection of this id is there",
    before: edit((config) => delete config.timestamp),
    run: ["collection", "add"],
    hints: [],
  },
  {
    name: "another collection of this id is there",
    before: async (place) => {
      await place.ok("collection-config", "download", "find");
      await edit((config) => Object.assign(config.search, { query: "other" }))(place);
    },
    run: ["collection", "add"],
    hints: ["collection-config update"],
    again: null,
  },
  {
    name: "the file is outdated",
    before: async (place) => {
      const old = await Deno.readTextFile(place.path("collection.json"));
      await edit((config) => Object.assign(config.search, { query: "newer" }))(place);
      await place.ok("collection-config", "update", "--yes");
      await Deno.writeTextFile(place.path("collection.json"), old);
      await edit((config) => Object.assign(config.search, { query: "sandbox" }))(place);
    },
    run: ["collection-config", "update", "--yes"],
    hints: ["collection-config download find"],
    byHand: edit((config) => Object.assign(config.search, { query: "sandbox" })),
  },
  {
    name: "it is not known what the file was made from",
    before: edit((config) => {
      delete config.timestamp;
      config.search.query = "sandbox -is:nothing";
    }),
    run: ["collection-config", "update"],
    hints: ["collection-config download find"],
    byHand: edit((config) => Object.assign(config.search, { query: "sandbox -is:nothing" })),
  },
  {
    name: "nothing harvests it",
    run: ["harvest", "running", "find"],
    hints: ["harvest last find"],
    again: null,
  },
  {
    name: "a stream is no search",
    before: (place) => place.add(FILTER),
    run: ["collection", "once", "live"],
    hints: ["collection filter-start live"],
    again: null,
  },
  {
    name: "a stream is harvested already",
    run: ["collection", "filter-start", "live"],
    hints: ["harvest running --follow live"],
    // It goes on until it is stopped.
    again: null,
  },
  {
    name: "the lock is of a harvester that lives",
    run: ["harvest", "unlock", "live"],
    hints: ["collection filter-stop live"],
  },
  {
    name: "a stream has no schedule",
    before: (place) => place.ok("collection", "filter-start", "live"),
    run: ["collection", "stop", "live"],
    hints: ["collection filter-stop live"],
    again: null,
  },
  {
    name: "nothing harvests the stream",
    run: ["harvest", "running", "live"],
    hints: ["harvest last live"],
    again: null,
  },
  {
    name: "there is no stream to stop",
    run: ["collection", "filter-stop", "live"],
    hints: ["harvest list"],
    again: null,
  },
  {
    name: "keys that the API does not take",
    before: async (place) => {
      const path = inBucket(place, "collection.json");
      const config = JSON.parse(await Deno.readTextFile(path));
      for (const key of Object.keys(config.keys)) config.keys[key] = "withdrawn";
      await Deno.writeTextFile(path, JSON.stringify(config));
    },
    run: ["collection", "once", "find", "--wait"],
    hints: ["collection keys find"],
  },
  {
    name: "a collection without keys",
    before: async (place) => {
      const path = inBucket(place, "collection.json");
      const { keys: _, ...config } = JSON.parse(await Deno.readTextFile(path));
      await Deno.writeTextFile(path, JSON.stringify(config));
    },
    run: ["collection", "once", "find", "--wait"],
    hints: ["collection keys find"],
  },
  {
    name: "a file is damaged that can be made again",
    before: (place) => Deno.writeTextFile(inBucket(place, "last_harvest.json"), "{"),
    run: ["collection", "verify", "find"],
    hints: ["collection verify --repair find"],
  },
  {
    name: "the checkpoint is damaged",
    before: (place) => Deno.writeTextFile(inBucket(place, "checkpoint.json"), ""),
    run: ["collection", "once", "find", "--wait"],
    hints: ["collection verify --repair find"],
  },
  {
    name: "the checkpoint is gone",
    before: (place) => Deno.remove(inBucket(place, "checkpoint.json")),
    run: ["collection", "once", "find", "--wait"],
    hints: ["collection verify --repair find"],
  },
  {
    name: "a power cut left the configuration empty",
    before: (place) => Deno.writeTextFile(inBucket(place, "collection.json"), ""),
    run: ["collection", "once", "find", "--wait"],
    hints: ["collection verify find"],
    solved: 1,
    byHand: async (place) => {
      const repaired = await place.run("collection", "verify", "--repair", "find");
      for (
        const says of [/Its keys are lost: .*collection keys find`/, /Missing keys.*keys find`/]
      ) {
        assert.match(repaired.out, says);
      }
      await place.ok("collection", "keys", "find");
    },
  },
  {
    name: "a lock of the Python original was left",
    before: (place) => Deno.writeTextFile(inBucket(place, "lock.json"), "{}"),
    run: ["collection", "once", "find", "--wait"],
    hints: ["harvest unlock find"],
  },
  {
    name: "there is no log",
    before: (place) => place.add({ ...SEARCH, id: "second" }),
    run: ["harvest", "logs", "second"],
    hints: ["collection once second"],
  },
  {
    name: "there is no log of a stream",
    before: (place) => place.add({ ...FILTER, id: "unheard" }),
    run: ["harvest", "logs", "unheard"],
    hints: ["collection filter-start unheard"],
    byHand: (place) => place.ok("collection", "filter-stop", "unheard"),
  },
  {
    name: "a tweets file is damaged",
    before: async (place) => {
      for await (const path of filesBelow(inBucket(place, "harvests"))) {
        if (path.includes("/tweets-")) await Deno.truncate(path, 20);
      }
    },
    run: ["collection", "dehydrate", "find"],
    code: 3,
    hints: ["collection verify find"],
    // It finds what is damaged: that cannot be had again.
    solved: 1,
    again: null,
  },
  {
    name: "a profile without all keys",
    before: (place) => {
      const { consumer_key } = place.sandbox.keys;
      return Deno.writeTextFile(place.path(".twarc"), `[half]\nconsumer_key = ${consumer_key}\n`);
    },
    run: ["collection-config", "keys", "--profile", "half"],
    hints: ["configure --profile half"],
  },
  {
    name: "a screen name in the place of an id",
    before: async (place) => {
      const { keys } = place.sandbox;
      await place.writeJson("collection.json", {
        id: "people",
        type: "user_timeline",
        users: {},
        keys,
      });
    },
    run: ["collection-config", "userids", "ada_quill_0"],
    hints: ["collection-config screennames ada_quill_0"],
    again: null,
  },
  {
    name: "an argument is missing",
    run: ["collection", "once"],
    code: 2,
    hints: ["collection once --help"],
    again: null,
  },
  {
    name: "no such command",
    run: ["harvest", "lats"],
    code: 2,
    hints: ["harvest --help"],
    again: null,
  },
];
