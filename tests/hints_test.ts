/** Every command that a text of the program names is taken literally somewhere: a new one has to say where. */

import assert from "node:assert/strict";
import { FAILURES } from "./e2e/hint_cases.ts";
import { API_FAILURES } from "./e2e/hint_cases_api.ts";
import { ROOT, sources } from "./sources.ts";

/** Where commands are run that errors name, by the file that names them: a failure's name, or a test and what it says. */
const OF_ERRORS: Record<string, Record<string, string | [file: string, says: string]>> = {
  "archive/restored_config": { "collection keys": ["archive/restore", "Its keys are lost"] },
  "base/api_keys": {
    "collection keys": "keys that the API does not take",
    "collection-config keys": ["cli/collection_config/group", "keys are put where older ones were"],
  },
  "bucket/checkpoint_state": { "collection verify --repair": "the checkpoint is damaged" },
  "bucket/known_checkpoint": { "collection verify --repair": "the checkpoint is gone" },
  "bucket/collections": {
    "collection copy": ["cli/collection/transfer", "is refused with the command that copies it"],
    "collection-config update": "another collection of this id is there",
    "collection-config download": "the file is outdated",
    "collection verify": ["archive/verify_inventory", "a repair makes one"],
  },
  "bucket/configuration": { "collection list": "no such collection" },
  "bucket/documents": { "collection verify": "a tweets file is damaged" },
  "bucket/lock": {
    "harvest unlock": "a lock of the Python original was left",
    "harvest running --follow": "who has the lock of a stream is to be followed",
  },
  "bucket/stream_limit": {
    "collection-config download": ["e2e/filter_ends", "goes on when the limit is raised"],
    "collection-config update": ["e2e/filter_ends", "goes on when the limit is raised"],
    "collection filter-start": ["e2e/filter_ends", "goes on when the limit is raised"],
  },
  "cli/collection/attach": {
    "harvest running --follow": "a stream is harvested already",
    "harvest logs": ["cli/collection/attach", "whose harvester is gone"],
  },
  "cli/collection/compliance": { "collection verify": "a tweets file is damaged" },
  "cli/collection/outcome": {
    "harvest logs": ["cli/collection/attach", "shows who follows it what came"],
  },
  "cli/collection/freeze": {
    "collection filter-stop": ["cli/collection/freeze", "whose stream is to go on"],
  },
  "cli/collection/recover": {
    "collection filter-start": ["harvest/recovery/recover", "search"],
  },
  "cli/collection/redact_keys": {
    "collection keys": ["e2e/redact_keys", "keys that the original left"],
  },
  "cli/collection/schedules": { scheduler: ["e2e/schedule", "scheduler"] },
  "cli/collection/start": { collection: "a stream is no search" },
  "cli/collection/transfer_run": {
    "collection rename": ["cli/collection/transfer", "that is renamed goes on"],
    "collection verify": ["cli/collection/transfer", "stays where the new one has faults"],
  },
  "cli/collection/verify": {
    "collection verify --repair": "a file is damaged that can be made again",
    "collection redact-keys": ["e2e/redact_keys", "with the command that takes them out"],
  },
  "cli/collection_config/changes": { "collection verify": "a tweets file is damaged" },
  "cli/collection_config/config_file": { "${maker}": "there is no configuration file" },
  "cli/collection_config/group": {
    "collection-config download": "it is not known what the file was made from",
  },
  "cli/collection_config/names": {
    "collection-config screennames": "a screen name in the place of an id",
    "collection-config": ["cli/collection_config/names", "userid-files ids"],
  },
  "cli/harvest/group": {
    "harvest last": "nothing harvests it",
  },
  "cli/profiles": {
    "configure --profile": ["e2e/aws", "keys of another person stay"],
    "collection-config keys": ["e2e/aws", "keys of another person stay"],
    "collection-config keys --profile": ["e2e/aws", "keys of another person stay"],
    "collection-config keys --yes": ["e2e/aws", "keys of another person stay"],
  },
  "cli/text/not_started": {
    "collection once": ["e2e/aws", "a run that AWS could not start is shown"],
  },
  "cli/text/trouble": {
    "collection filter-start": "a stream has ended by a fault that a person has to see to",
    scheduler: ["e2e/schedule", "scheduler"],
  },
  "collection/commands": { collection: "there is no log of a stream" },
  "collection/frozen": {
    "collection unfreeze --note": ["cli/collection/freeze", "freezing twice signs off once"],
  },
  "collection/config": { "collection keys": "a collection without keys" },
  "collection/faults": {
    "${by}": "a collection without keys",
    configure: ["cli/collection_config/group", "keys that a collection's stream does not take"],
  },
  "runner/ecs/endings": {
    "harvest logs": ["e2e/aws", "tells why, and so does its log"],
  },
  "runner/ecs/runner": {
    "harvest list": ["runner/ecs/runner", "has been started already"],
  },
  "runner/live": {
    "harvest list": "there is no stream to stop",
    "harvest running --follow": ["runner/local/logged_here", "is followed elsewhere"],
  },
  "runner/local/recognised": {
    "bucket is-copy --bucket": ["cli/bucket/group", "each of the two answers"],
    "bucket has-moved --bucket": ["cli/bucket/group", "each of the two answers"],
  },
  "secrets/credentials": {
    "collection-config keys --profile": ["e2e/aws", "each command that an error names on AWS"],
    "configure --profile": ["secrets/credentials", "no other keys' place is taken"],
  },
  "secrets/twarc_files": { configure: "no keys are stored" },
  "store/open": { "collection add --bucket": "the bucket is not there" },
  "twitter/http/app_token": { "configure --bearer-token": "the API gives the app no token" },
  "twitter/http/faults": {
    configure: "the API refuses keys with code 32",
    "configure --app": "the API refuses keys with code 99",
    "configure --bearer-token": "the API wants a bearer token",
  },
  "twitter/http/signer": { configure: ["twitter/http/signer", "requires the keys of a user"] },
  "twitter/v2/rules": {
    "collection filter-stop": "the app's rules are another collection's",
    "collection-config update": "the API takes none of the rules",
  },
};

/** Commands in help, and in what is said of the next step: no error is to go away by them. */
const OTHERS: Record<string, string[]> = {
  "bucket/readme_text": [
    "bucket has-moved --bucket",
    "bucket is-copy --bucket",
    "collection keys --bucket",
    "collection list --bucket",
    "collection verify --bucket",
  ],
  "cli/collection/compliance": ["collection compliance --apply"],
  "cli/collection/dehydrate": ["collection dehydrate test"],
  "cli/collection/export": ["collection export my"],
  "cli/collection/group": [
    "collection-config template user",
    "harvest running --follow",
    "scheduler",
  ],
  "cli/collection/hydrate": ["collection hydrate ids"],
  "cli/collection/freeze": ["collection verify", "collection keys", "collection unfreeze --note"],
  "cli/collection/transfer_run": ["collection keys --bucket"],
  "cli/collection/keys": ["configure"],
  "cli/collection/report": ["collection report test"],
  "cli/collection/schedule": ["scheduler"],
  "cli/collection/schedules": ["collection schedule"],
  "cli/collection/start": ["harvest last"],
  "cli/collection/verify": ["collection cat --clean"],
  "cli/collection_config/group": ["configure"],
  "cli/collection_config/split": ["collection once"],
  "cli/configure": ["collection-config keys", "collection keys", "configure"],
  "cli/harvest/group": ["harvest running --follow"],
  "cli/install": ["demo"],
  "cli/next_step": [
    "collection add",
    "collection-config download",
    "collection-config update",
    "collection-config keys",
    "collection-config screennames",
  ],
  "cli/options": ["${command}"],
  "cli/outline": [
    "configure",
    "collection-config template search --id",
    "collection-config keys",
    "collection add",
    "collection once my",
  ],
  "cli/program": ["help collection once"],
  "cli/text/harvest_text": [
    "collection download",
    "harvest last --json",
    "collection-config download",
    "collection-config update",
  ],
  "cli/text/report_text": ["collection verify"],
  "cli/text/trouble": ["collection-config download", "harvest last"],
  // What kind of thing its id is: no command.
  "export/bag/citation": ["collection"],
  "runner/local/launcher": ["install"],
  "sandbox/command": ["sandbox", "sandbox --tweets old", "sandbox --trouble"],
  "sandbox/demo": ["${command}"],
  "sandbox/serve": ["configure --bearer-token --profile sandbox", "configure --profile sandbox"],
};

const GROUPS =
  "configure|collection-config|collection|bucket|harvest|scheduler|sandbox|demo|install|help";
const COMMAND = new RegExp(
  String.raw`twarc-cloud ((?:\$\{(?!version\})[a-z]+\}|(?:${GROUPS})\b)(?: (?:--)?[a-z][a-z-]+)*)`,
  "g",
);

/** `file: command` of each command that the texts of the program name; comments are none. */
async function named(): Promise<Set<string>> {
  const found = new Set<string>();
  for (const path of await sources(`${ROOT}lib`)) {
    const lines = (await Deno.readTextFile(path)).split("\n")
      .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line));
    const file = path.slice(`${ROOT}lib/`.length, -".ts".length);
    for (const [, command] of lines.join("\n").matchAll(COMMAND)) found.add(`${file}: ${command}`);
  }
  return found;
}

Deno.test("each command that a text names is in a failure whose hint is taken literally, or in a test of its own", async () => {
  const told = [
    ...Object.entries(OF_ERRORS).flatMap(([file, of]) => Object.keys(of).map((one) => [file, one])),
    ...Object.entries(OTHERS).flatMap(([file, of]) => of.map((one) => [file, one])),
  ].map(([file, command]) => `${file}: ${command}`);
  assert.deepEqual([...await named()].toSorted(), told.toSorted());
});

Deno.test("each of these failures names the command, and each of these tests is there", async () => {
  const failures = new Map([...FAILURES, ...API_FAILURES].map((one) => [one.name, one]));
  const wrong: string[] = [];
  for (const [file, commands] of Object.entries(OF_ERRORS)) {
    for (const [command, where] of Object.entries(commands)) {
      const at = `${file}: ${command}`;
      if (typeof where === "string") {
        const { hints = [] } = failures.get(where) ?? {};
        const isNamed = command.startsWith("$") || hints.some((hint) => hint.startsWith(command));
        if (!isNamed) wrong.push(`${at}: ${where} names ${hints}`);
      } else {
        const [test, says] = where;
        const text = await Deno.readTextFile(`${ROOT}tests/${test}_test.ts`);
        if (!text.includes(says)) wrong.push(`${at}: ${test} does not say ${says}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});
