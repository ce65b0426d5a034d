/** Exports collections as a bag: a folder, or a tar of one, that an archive can check and describe by itself. */

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { isoTime } from "../../base/clock.ts";
import type { JsonObject } from "../../base/json.ts";
import { UserError } from "../../base/errors.ts";
import { INI_FILE } from "../../base/settings.ts";
import { Collections } from "../../bucket/collections.ts";
import { verifyHint } from "../../bucket/documents.ts";
import type { HarvestInfo } from "../../collection/harvest_info.ts";
import { collectionKeys } from "../../collection/layout.ts";
import { Bag } from "../../export/bag/bag.ts";
import {
  type Citation,
  listMissing,
  toCff,
  toCitation,
  toDataCite,
} from "../../export/bag/citation.ts";
import { CRATE, toCrate } from "../../export/bag/crate.ts";
import { payload, type PayloadFile } from "../../export/bag/payload.ts";
import { settledOnly } from "../../export/bag/settled.ts";
import { type BagSink, openFolder, openTar } from "../../export/bag/sinks.ts";
import { OutputFile } from "../../export/output_file.ts";
import { isNamedLikeTweets } from "../../format/file_name.ts";
import type { Store } from "../../store/store.ts";
import { type Context, openBucket } from "../context.ts";
import { many } from "../output.ts";
import { Pace, shareTexts } from "../pace.ts";
import { readDescription, type Report } from "../text/report_data.ts";
import { toMarkdown } from "../text/report_text.ts";
import { LeftOut } from "./left_out.ts";
import { readReport } from "./report.ts";

const MB = 1_000_000;
/** Milliseconds between two updates of the progress. */
const EVERY = 250;
const encoder = new TextEncoder();

/** The request of a bag. */
export interface BagRequest {
  ids: string[];
  bucket: string | undefined;
  output: string | undefined;
  json: boolean;
}

/**
 * Exports collections as a bag, and reports the result.
 * @throws UserError for what does not exist, what is in the way and, at the end, what the bag lacks
 */
export async function exportBag(request: BagRequest, context: Context): Promise<void> {
  const ids = [...new Set(request.ids)];
  const { store: bucket, collections, settings } = await openBucket(context, request);
  const configs: JsonObject[] = [];
  for (const id of ids) configs.push((await collections.loadJson(id)).json);
  // A single collection's description must not describe several.
  const described = configs.length === 1 ? configs.map(readDescription)[0] : {};
  const citation = toCitation(settings.citation, described ?? {});
  const path = request.output ?? join("export", `${ids.join("+")}.bagit`);
  const name = path === "-" ? ids.join("+") : basename(path).replace(/\.tar$/, "");
  const day = isoTime(context.clock.now()).slice(0, 10);
  const sink = await openSink(path, { name, time: Date.parse(day) }, context);
  try {
    const { store, goingOn } = await settledOnly(bucket, ids);
    const reports = await readReports(store, ids, context);
    const progress = await context.output.progress();
    const show = (text: string) => progress.show(text);
    const writer = new BagWriter({ store, ids, context, sink, show });
    await writer.collections().finally(() => progress.end());
    await writer.documents({ citation, reports, day, goingOn });
    await sink.keep();
    return tell({ path, json: request.json, goingOn, writer }, context);
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

/** The report of a collection, and what is known of its harvests. */
interface Reported {
  report: Report;
  harvests: HarvestInfo[];
}

/** The bag's documents about itself. */
interface Documents {
  citation: Citation;
  reports: Reported[];
  day: string;
  goingOn: string[];
}

async function readReports(store: Store, ids: string[], context: Context): Promise<Reported[]> {
  const collections = new Collections(store, context.clock);
  const reports: Reported[] = [];
  for (const id of ids) {
    const { report, facts } = await readReport({ store, collections }, id, context);
    // The counts of users are not kept while files are copied.
    reports.push({ report, harvests: facts.harvests.harvests });
  }
  return reports;
}

async function openSink(
  path: string,
  { name, time }: { name: string; time: number },
  { output }: Context,
): Promise<BagSink> {
  if (path === "-") {
    const nothing = () => Promise.resolve();
    const write = (bytes: Uint8Array) => Promise.resolve(output.binary(bytes));
    return openTar({ write }, { name, time, keep: nothing, discard: nothing });
  }
  if (!path.endsWith(".tar")) return await openFolder(path);
  const file = await OutputFile.open(path);
  return openTar(file, { name, time, keep: () => file.keep(), discard: () => file.discard() });
}

/** The content and destination of a bag. */
interface Given {
  store: Store;
  ids: string[];
  context: Context;
  sink: BagSink;
  show: (text: string) => void;
}

/** Writes the bag of collections. */
class BagWriter {
  readonly lacks: LeftOut[] = [];
  /** The bag's provenance. */
  document: Record<string, unknown> = {};
  readonly #given: Given;
  readonly #bag: Bag;
  readonly #fingerprint = createHash("sha256");
  #read = 0;
  #all = 0;
  #next = 0;
  readonly #pace = new Pace();

  constructor(given: Given) {
    this.#given = given;
    this.#bag = new Bag(given.sink);
  }

  /** Writes the files of all collections. */
  async collections(): Promise<void> {
    const { store, ids } = this.#given;
    for (const id of ids) {
      for await (const { size } of store.list(collectionKeys(id).folder)) this.#all += size;
    }
    for (const id of ids) {
      const lacks = new LeftOut(id);
      this.lacks.push(lacks);
      for await (const file of payload(store, id, lacks)) await this.#copy(file, lacks);
      for (const key of store.passedOver?.(collectionKeys(id).folder).keys() ?? []) {
        lacks.links.add(key);
      }
    }
  }

  async #copy({ key, size, sha1, bytes }: PayloadFile, lacks: LeftOut): Promise<void> {
    const { store, context: { signal } } = this.#given;
    signal.throwIfAborted();
    if (sha1 !== undefined && isNamedLikeTweets(key)) this.#fingerprint.update(`${sha1}  ${key}\n`);
    if (bytes) {
      await this.#bag.carryBytes(key, bytes);
      return this.#look(bytes.length);
    }
    const sum = createHash("sha1");
    const look = (part: Uint8Array) => {
      signal.throwIfAborted();
      sum.update(part);
      this.#look(part.length);
    };
    await this.#bag.carry(key, { size, content: await store.read(key), look });
    if (sha1 !== undefined && sum.digest("hex") !== sha1) lacks.damaged.set(key, "damaged");
  }

  #look(bytes: number): void {
    this.#read += bytes;
    const { show, context: { clock } } = this.#given;
    const now = clock.monotonic();
    if (now < this.#next) return;
    this.#next = now + EVERY;
    this.#pace.see(this.#read, now);
    const share = { done: Math.floor(this.#read / MB), of: Math.ceil(this.#all / MB), what: "MB" };
    show([...shareTexts(share, this.#pace.rate / MB)].join(", "));
  }

  /** Writes the bag's documents about the collections, and closes it. */
  async documents({ citation, reports, day, goingOn }: Documents): Promise<void> {
    const { ids, context: { version } } = this.#given;
    const bag = this.#bag;
    for (const { report } of reports) {
      const name = `reports/${report.collection_id}`;
      await bag.carryBytes(`${name}.md`, encoder.encode(`${toMarkdown(report)}\n`));
      await bag.carryBytes(`${name}.json`, encoder.encode(toText(report)));
    }
    const harvests: HarvestInfo[] = reports.flatMap((one) => one.harvests);
    const crate = toCrate({ ids, citation, files: bag.payload, harvests, version });
    await bag.carryBytes(CRATE, encoder.encode(toText(crate)));
    const [bytes, files] = [bag.bytes, bag.payload.length];
    await bag.tag("metadata/datacite.json", toText(toDataCite(citation, { ids, bytes, files })));
    await bag.tag("CITATION.cff", toCff(citation));
    this.document = {
      collections: ids,
      arguments: { format: "bagit" },
      files,
      bytes,
      citation_missing: listMissing(citation),
      harvests_going_on: goingOn,
      lacks: this.lacks.flatMap((one) => one.texts()),
      manifests_sha256: this.#fingerprint.digest("hex"),
      twarc_cloud_version: version,
    };
    await bag.tag("export.json", toText(this.document));
    await bag.end(readInfo({ citation, ids, bytes, day, version }));
  }
}

function readInfo(
  { citation: { publisher, contact, title, description }, ids, bytes, day, version }: {
    citation: Citation;
    ids: string[];
    bytes: number;
    day: string;
    version: string;
  },
): [label: string, value: string][] {
  const says = [title, description].filter((one) => one !== undefined).join(". ");
  return [
    ...infoRows("Source-Organization", publisher),
    ...infoRows(contact?.includes("@") ? "Contact-Email" : "Contact-Name", contact),
    ...infoRows("External-Description", says),
    ...ids.flatMap((id) => infoRows("External-Identifier", id)),
    ["Bagging-Date", day],
    ["Bag-Size", `${(bytes / MB).toFixed(1)} MB`],
    ["Bag-Software-Agent", `twarc-cloud ${version}`],
  ];
}

function infoRows(label: string, value = ""): [string, string][] {
  return value === "" ? [] : [[label, value]];
}

/** Reports the result. @throws UserError for what the bag lacks */
function tell(
  { path, json, goingOn, writer }: {
    path: string;
    json: boolean;
    goingOn: string[];
    writer: BagWriter;
  },
  { output }: Context,
): void {
  const { document, lacks } = writer;
  const missing = document.citation_missing;
  if (json && path === "-") output.note(JSON.stringify(document, null, 2));
  else if (json) output.json(document);
  else {
    output.note(`${many(Number(document.files), "file")} in the bag.`);
    for (const folder of goingOn) output.note(`Left out, because it is still running: ${folder}`);
    if (Array.isArray(missing) && missing.length > 0) {
      output.note(
        `The citation lacks ${missing.join(", ")}: add it to section [citation] of ${INI_FILE}.`,
      );
    }
    if (path !== "-") output.line(`Exported to ${path}`);
  }
  const texts = lacks.flatMap((one) => one.texts());
  if (texts.length === 0) return;
  const [id = ""] = Array.isArray(document.collections) ? document.collections : [];
  throw new UserError([...texts, "all others are in the bag"].join("; "), { hint: verifyHint(id) });
}

function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
