/** A bag's content as an RO-Crate (1.2): its description, its files, and the program's runs that made them. */

import type { HarvestInfo } from "../../collection/harvest_info.ts";
import { findCodec } from "../../format/codec.ts";
import { isNamedLikeTweets } from "../../format/file_name.ts";
import type { BagRow } from "./bag.ts";
import { type Citation, orcidAddress } from "./citation.ts";

/** The name of the document, in the folder that it describes. */
export const CRATE = "ro-crate-metadata.json";

type Entity = Record<string, unknown> & { "@id": string };

/** The input of a crate. */
export interface CrateOptions {
  ids: string[];
  citation: Citation;
  /** Below `data/`. */
  files: readonly BagRow[];
  harvests: readonly HarvestInfo[];
  /** The version of this program. */
  version: string;
}

/** Media types of uncompressed files, by the ending of their names. */
const TYPES: readonly [ending: string, type: string][] = [
  [".jsonl", "application/x-ndjson"],
  [".json", "application/json"],
  [".md", "text/markdown"],
  [".txt", "text/plain"],
];

/** Returns the document, as JSON-LD. */
export function toCrate({ ids, citation, files, harvests, version }: CrateOptions): unknown {
  const authors = citation.creators.map(toAuthor);
  const { publisher, license } = citation;
  const isAddress = license !== undefined && /^https?:/.test(license);
  const others: Entity[] = [
    ...authors,
    ...publisher ? [{ "@id": "#publisher", "@type": "Organization", name: publisher }] : [],
    ...isAddress ? [{ "@id": license, "@type": "CreativeWork", name: license }] : [],
  ];
  const programs = new Map(
    harvests.map((info) => [programName(info), toProgram(programName(info))]),
  );
  const bagged = `twarc-cloud ${version}`;
  programs.set(bagged, toProgram(bagged));
  const folders = Map.groupBy(files, ({ path }) => path.slice(0, path.lastIndexOf("/") + 1));
  const runs = harvests.map((info, i) => toRun(info, i, folders));
  return {
    "@context": "https://w3id.org/ro/crate/1.2/context",
    "@graph": [
      {
        "@id": CRATE,
        "@type": "CreativeWork",
        conformsTo: { "@id": "https://w3id.org/ro/crate/1.2" },
        about: { "@id": "./" },
      },
      { ...rootEntity(ids, citation, isAddress), ...toLinks({ authors, files, runs, publisher }) },
      ...others,
      ...programs.values(),
      ...runs,
      ...files.map(toFile),
    ],
  };
}

function rootEntity(ids: string[], citation: Citation, isAddress: boolean): Entity {
  const { title, description, year, rights, license, doi, keywords } = citation;
  return {
    "@id": "./",
    "@type": "Dataset",
    // A crate needs a name: without a title it has that of the collections.
    name: title ?? ids.join(", "),
    ...description ? { description } : {},
    ...year ? { datePublished: year } : {},
    ...license
      ? { license: isAddress ? { "@id": license } : license }
      : rights
      ? { license: rights }
      : {},
    ...license && rights ? { conditionsOfAccess: rights } : {},
    ...keywords.length > 0 ? { keywords: keywords.join(", ") } : {},
    identifier: doi ? `https://doi.org/${doi}` : ids.join(", "),
  };
}

function toLinks(
  { authors, files, runs, publisher }: {
    authors: Entity[];
    files: readonly BagRow[];
    runs: Entity[];
    publisher: string | undefined;
  },
) {
  return {
    ...authors.length > 0 ? { author: toRefs(authors) } : {},
    ...publisher ? { publisher: { "@id": "#publisher" } } : {},
    hasPart: files.map(({ path }) => ({ "@id": toAddress(path) })),
    ...runs.length > 0 ? { mentions: toRefs(runs) } : {},
  };
}

function toRefs(entities: Entity[]): { "@id": string }[] {
  return entities.map(({ "@id": id }) => ({ "@id": id }));
}

function toAuthor(creator: Citation["creators"][number], i: number): Entity {
  const isPerson = creator.orcid !== undefined || creator.name.includes(",");
  return {
    "@id": orcidAddress(creator) ?? `#creator-${i + 1}`,
    "@type": isPerson ? "Person" : "Organization",
    name: creator.name,
  };
}

function programName({ made }: HarvestInfo): string {
  return made?.program ?? "a program that is not recorded";
}

function toProgram(program: string): Entity {
  const [name = program, version] = /\d/.test(program) ? program.split(" ") : [program];
  return {
    "@id": `#${encodeURIComponent(program.replaceAll(" ", "-"))}`,
    "@type": "SoftwareApplication",
    name,
    ...version ? { version } : {},
  };
}

/** Returns a harvest: its request, times, instruments, and the resulting files. */
function toRun(info: HarvestInfo, i: number, folders: ReadonlyMap<string, BagRow[]>): Entity {
  const { collection_id, harvest_timestamp, harvest_end_timestamp, made, outcome, tweets } = info;
  const stamp = harvest_timestamp.slice(0, 19).replaceAll(/[-T:]/g, "/");
  const result = folders.get(`data/collections/${collection_id}/harvests/${stamp}/`) ?? [];
  return {
    "@id": `#harvest-${i + 1}`,
    "@type": "CreateAction",
    name: `Harvest ${harvest_timestamp} of ${collection_id}`,
    description: [
      ...made ? [`Asked for, by the API of ${made.api}: ${JSON.stringify(made.asked)}`] : [],
      `${tweets} tweets. It ended: ${outcome ?? "not recorded"}.`,
    ].join(". "),
    instrument: { "@id": toProgram(programName(info))["@id"] },
    startTime: harvest_timestamp,
    ...harvest_end_timestamp ? { endTime: harvest_end_timestamp } : {},
    result: result.map(({ path }) => ({ "@id": toAddress(path) })),
  };
}

function toFile({ path, bytes, sha256 }: BagRow): Entity {
  return {
    "@id": toAddress(path),
    "@type": "File",
    name: path.slice(path.lastIndexOf("/") + 1),
    encodingFormat: mediaType(path),
    contentSize: `${bytes}`,
    sha256,
  };
}

/** Returns a file's media type; a compressed file's is that of its compression. */
function mediaType(path: string): string {
  if (isNamedLikeTweets(path)) return `application/${findCodec(path).name}`;
  return TYPES.find(([ending]) => path.endsWith(ending))?.[1] ?? "application/octet-stream";
}

/** Returns a path below the crate as an address. */
function toAddress(path: string): string {
  return path.slice("data/".length).split("/").map(encodeURIComponent).join("/");
}
