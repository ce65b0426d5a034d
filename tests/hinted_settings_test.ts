/** Flags, variables of the environment, settings and members of configurations that texts of the program name are there. */

import assert from "node:assert/strict";
import { z } from "zod";
import { RULES } from "../lib/collection/types/registry.ts";
import { ROOT, sources } from "./sources.ts";

/** Of other programs, by the file that names them. */
const FLAGS_OF_OTHERS: Record<string, string[]> = {
  // Of sha1sum.
  "bucket/readme_text": ["--quiet"],
  "runner/ecs/faults": [
    "--aws-service-name",
    "--desired-value",
    "--quota-code",
    "--service-code",
  ],
  // Of the two commands that are named alike.
  "cli/bucket/group": ["--title"],
  // Of the one command that nobody types, which no help has.
  "cli/harvest/group": ["--keeper"],
};

/** What others read: the AWS SDK, Deno, and the shell of Git for Windows. */
const READ_BY_OTHERS = [
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "MSYS_NO_PATHCONV",
  "NO_PROXY",
];

/** Words that are no settings: the API's, files', examples, and what stands before `in twarc_cloud.ini` besides. */
const NO_MEMBERS = [
  "bounding_box",
  "copied_from",
  "it",
  "justin_littman",
  "my_search",
  "test_collection",
  "test_filter",
  "timestamp_ms",
  "user_id",
  "user_timeline",
  "zone",
];

/** A source without its comments, cut into its sentences (texts with a space in them) and what is left. */
interface Source {
  file: string;
  sentences: string[];
  code: string;
}

const TEXT = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g;

async function sourcesOf(): Promise<Source[]> {
  const paths = await sources(`${ROOT}lib`);
  return await Promise.all(paths.map(async (path) => {
    const lines = (await Deno.readTextFile(path)).split("\n")
      .filter((line) => !/^\s*(\/\/|\/?\*)/.test(line));
    const sentences: string[] = [];
    const code = lines.join("\n").replace(TEXT, (text) => {
      if (!text.slice(1, -1).trim().includes(" ")) return text;
      sentences.push(text.slice(1, -1).replace(/\$\{[^}]*\}/g, "…"));
      return '""';
    });
    return { file: path.slice(`${ROOT}lib/`.length, -".ts".length), sentences, code };
  }));
}

/** The flags of each command, as its help lists them. */
async function flagsByCommand(): Promise<Map<string, Set<string>>> {
  const help = await Deno.readTextFile(`${ROOT}tests/snapshots/help.txt`);
  return new Map(
    help.split(/^\$ twarc-cloud /m).slice(1).map((section) => {
      const end = section.indexOf("--help");
      const flags = section.matchAll(/^ {2}(?:-[A-Za-z], )?(--[a-z-]+)/gm);
      return [section.slice(0, end).trim(), new Set(Array.from(flags, ([, flag = ""]) => flag))];
    }),
  );
}

const FLAG = /(?<![\w-])--[a-z][a-z0-9-]+/g;
/** A command with what stands behind it, up to the end of what is to be typed. */
const TYPED = /twarc-cloud ((?:[a-z][a-z-]+ ?)+)([^`\n]*?)(?=\. |, |; |`|\\n|$)/g;
/** The words before a command's name, by the folder of its file. */
const GROUPS: Record<string, string> = {
  "cli/bucket": "bucket ",
  "cli/collection": "collection ",
  "cli/collection_config": "collection-config ",
  "cli/harvest": "harvest ",
};

Deno.test("each flag that a text names is one of the command that is named, or else of those that print it", async () => {
  const known = await flagsByCommand();
  const all = new Set([...known.values()].flatMap((flags) => [...flags]));
  const wrong: string[] = [];
  let seen = 0;
  for (const { file, sentences, code } of await sourcesOf()) {
    const folder = file.slice(0, file.lastIndexOf("/"));
    const names = Array.from(code.matchAll(/\.command\("([a-z-]+)"/g), ([, name = ""]) => name);
    const own = names.flatMap((name) => {
      const flags = known.get(`${GROUPS[folder] ?? ""}${name}`) ?? known.get(name);
      return flags ? [...flags] : [];
    });
    for (const sentence of sentences) {
      const typed: string[] = [];
      const rest = sentence.replace(TYPED, (found, words: string) => {
        const parts = words.trim().split(" ");
        while (parts.length > 0 && !known.has(parts.join(" "))) parts.pop();
        const flags = known.get(parts.join(" "));
        for (const [flag] of found.matchAll(FLAG)) {
          seen++;
          if (!flags?.has(flag)) wrong.push(`${file}: twarc-cloud ${parts.join(" ")} ${flag}`);
        }
        typed.push(...flags ?? []);
        return "";
      });
      // Such as `once --wait`, of which everybody knows whose it is.
      for (const [, name] of rest.matchAll(/`([a-z-]+) --/g)) {
        const command = [...known.keys()].find((one) => one.endsWith(` ${name}`)) ?? "";
        typed.push(...known.get(command) ?? []);
      }
      const allowed = new Set([...own.length > 0 ? own : all, ...typed, ...known.get("") ?? []]);
      for (const [flag] of rest.matchAll(FLAG)) {
        seen++;
        if (FLAGS_OF_OTHERS[file]?.includes(flag)) continue;
        if (!allowed.has(flag)) wrong.push(`${file}: ${flag}`);
      }
    }
  }
  assert.ok(seen > 60, `${seen}`);
  assert.deepEqual(wrong, []);
});

Deno.test("each variable of the environment that a text names is read", async () => {
  const all = await sourcesOf();
  const code = all.map((one) => one.code).join("\n");
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const { file, sentences } of all) {
    for (const [name] of sentences.join("\n").matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)) {
      seen.add(name);
      const isRead = READ_BY_OTHERS.includes(name) || new RegExp(`\\b${name}\\b`).test(code);
      if (!isRead) wrong.push(`${file}: ${name}`);
    }
  }
  assert.ok(seen.size > 12, [...seen].join());
  assert.deepEqual(wrong, []);
});

/** The names of all members of a schema, as JSON Schema has it, those inside others included. */
function membersIn(schema: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => [
    ...key === "properties" ? Object.keys(value) : [],
    ...membersIn(value),
  ]);
}

Deno.test("each setting and each member of a configuration that a text names is there", async () => {
  const schemas = Object.values(RULES).map(({ schema }) =>
    z.toJSONSchema(schema, { unrepresentable: "any", io: "input" })
  );
  const settings = await Deno.readTextFile(`${ROOT}lib/base/settings.ts`);
  const [, names = ""] = /^export const NAMES = \[([^\]]*)\]/m.exec(settings) ?? [];
  const known = new Set([
    ...schemas.flatMap(membersIn),
    ...Array.from(names.matchAll(/"([a-z_]+)"/g), ([, name = ""]) => name),
    ...NO_MEMBERS,
  ]);
  const wrong: string[] = [];
  let seen = 0;
  for (const { file, sentences } of await sourcesOf()) {
    // The columns of tables, and the stand-in's made-up data.
    if (/^(export|sandbox)\//.test(file)) continue;
    const text = sentences.join("\n");
    const members = text.matchAll(
      /(?<![\w./-])[a-z]+(?:_[a-z]+)+(?![\w(/-]|\.[a-z]{2,5}\b)/g,
    );
    const ofFile = text.matchAll(/(?:`|"|\b)([a-z_]+)[`"]? in twarc_cloud\.ini/g);
    const added = text.matchAll(/Add "([a-z_]+)": /g);
    for (const word of [...members].map(([word]) => word)) {
      seen++;
      if (!known.has(word)) wrong.push(`${file}: ${word}`);
    }
    for (const [, word = ""] of [...ofFile, ...added]) {
      seen++;
      if (!known.has(word)) wrong.push(`${file}: ${word}`);
    }
  }
  assert.ok(seen > 25, `${seen}`);
  assert.deepEqual(wrong, []);
});
