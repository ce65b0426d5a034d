/** Exports collections: finds their files, opens the output, and reports the result. */

import { join } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { openTable } from "../../export/columns.ts";
import { openFile, openShards, type Output } from "../../export/outputs.ts";
import { type Pseudonyms, readPseudonyms } from "../../export/pseudonyms.ts";
import { type Exported, exportTo } from "../../export/run.ts";
import { Network } from "../../export/network.ts";
import { type EdgeKind, EDGES } from "../../export/network_records.ts";
import { EdgesWriter, GexfWriter } from "../../export/network_writers.ts";
import { findLimit } from "../../export/sample.ts";
import type { Selection } from "../../export/selection.ts";
import { findSource, type Source } from "../../export/source.ts";
import { CsvWriter, IdWriter, JsonlWriter } from "../../export/text_writers.ts";
import type { PostWriter, Sink, Table } from "../../export/writer.ts";
import { type Context, openBucket } from "../context.ts";
import { showProgress, tell } from "./export_text.ts";

/** The request of an export. */
export interface ExportRequest {
  ids: string[];
  format: "csv" | "jsonl" | "ids" | "parquet" | "gexf";
  output?: string | undefined;
  columns?: string | undefined;
  extraColumns?: string | undefined;
  from?: number | undefined;
  to?: number | undefined;
  harvest?: string | undefined;
  user?: string[] | undefined;
  rule?: string[] | undefined;
  retweets: boolean;
  referenced: "none" | "rows" | "merge";
  sample?: { share: number } | { count: number } | undefined;
  seed: string;
  keepDuplicates: boolean;
  raw: boolean;
  edges?: EdgeKind | "all" | undefined;
  pseudonyms?: string | undefined;
  excel: boolean;
  shardMb: number;
}

/** The plan of an export, in addition to the request. */
interface Plan {
  request: ExportRequest;
  source: Source;
  /** Versions of the API. */
  apis: Set<string>;
  pseudonyms: Pseudonyms | undefined;
  version: string;
}

/**
 * Runs an export, and reports the result.
 * @throws UsageError for incompatible options; UserError for what does not exist and, at the end, for damaged files
 */
export async function runExport(
  request: ExportRequest,
  { bucket, json }: { bucket: string | undefined; json: boolean },
  context: Context,
): Promise<void> {
  checkTogether(request);
  const { store, collections } = await openBucket(context, { bucket });
  const ids = [...new Set(request.ids)];
  const apis = new Set<string>();
  for (const id of ids) {
    const { json } = await collections.loadJson(id);
    apis.add(json.api === "2" ? "2" : "1.1");
  }
  const source = await findSource(store, ids, request.harvest);
  const pseudonyms = request.pseudonyms === undefined
    ? undefined
    : await readPseudonyms(request.pseudonyms);
  const { output, clock, signal, version } = context;
  const plan: Plan = { request: { ...request, ids }, source, apis, pseudonyms, version };
  const progress = await output.progress();
  try {
    const exported = await withSample(request, {
      store,
      files: source.files,
      selection: openSelection(plan),
      referenced: request.referenced === "rows",
      keepDuplicates: request.keepDuplicates,
      signal,
      onProgress: showProgress(source, { progress, clock }),
    });
    const table = await makeTable(plan, exported);
    const path = outputPath(request);
    const opened = await openOutput(plan, { path, table, write: (bytes) => output.data(bytes) });
    const counts = await exportTo(opened.writer, exported).catch(async (error) => {
      await opened.discard();
      throw error;
    });
    const unknown = Object.fromEntries(table.unknown ?? []);
    const document = { ...describe(plan), counts, unknown_members: unknown };
    await opened.keep(document);
    progress.end();
    tell({ id: ids[0] ?? "", path, counts, unknown, document, json }, context);
  } finally {
    progress.end();
  }
}

/** Checks that options are compatible. @throws UsageError */
function checkTogether(request: ExportRequest): void {
  const { format, pseudonyms, raw, excel, columns, edges, output } = request;
  const isTable = (format === "csv" && edges === undefined) || format === "parquet";
  const isGraph = format === "gexf" || edges !== undefined;
  if (edges !== undefined && format !== "gexf" && format !== "csv") {
    throw new UsageError("--edges is for gexf and csv");
  }
  if (pseudonyms !== undefined && ((!isTable && !isGraph) || raw)) {
    throw new UsageError("--pseudonyms is for csv, parquet and gexf, without --raw", {
      hint: "The JSON of a tweet names its users in many places.",
    });
  }
  if (excel && format !== "csv") throw new UsageError("--excel is for --format csv");
  if (raw && !isTable) throw new UsageError("--raw is for csv and parquet");
  if (columns !== undefined && (format !== "csv" || isGraph)) {
    throw new UsageError("--columns is for tables of --format csv: parquet has the common ones");
  }
  if (output === "-" && format === "parquet") {
    throw new UsageError("Parquet is a folder of files, and no standard output");
  }
}

function outputPath({ ids, format, output }: ExportRequest): string {
  const name = [...new Set(ids)].join("+");
  return output ?? join("export", format === "parquet" ? name : `${name}.${format}`);
}

function openSelection(
  { request: { from, to, user, rule, retweets, format, columns, edges }, apis }: Plan,
): Selection {
  const isOfOne = format === "csv" && edges === undefined && columns !== "common" &&
    columns !== "4cat" && apis.size === 1;
  return {
    from,
    to,
    users: user && new Set(user.map((one) => one.replace(/^@/, "").toLowerCase())),
    rules: rule && new Set(rule),
    retweets,
    ...(isOfOne ? { api: apis.has("2") ? "2" : "1.1" } : {}),
  };
}

/** Returns the export with the limit of its sample; for a number of tweets, a first pass finds it. */
async function withSample(
  { sample, seed }: ExportRequest,
  exported: Exported,
): Promise<Exported> {
  if (!sample) return exported;
  const limit = "share" in sample
    ? sample.share
    : await findLimit({ count: sample.count, seed }, exported);
  return { ...exported, selection: { ...exported.selection, sample: { seed, limit } } };
}

/** Returns the table, with extra columns for unknown members if requested; a first pass finds them. */
async function makeTable(plan: Plan, exported: Exported): Promise<Table> {
  const { request: { columns, extraColumns, referenced, raw }, apis, pseudonyms } = plan;
  const options = { columns, apis, merge: referenced !== "none", raw, pseudonyms };
  if (extraColumns === undefined) return openTable(options);
  if (extraColumns !== "auto") {
    const extra = extraColumns.split(",").map((name) => name.trim()).filter((name) => name !== "");
    return openTable({ ...options, extra });
  }
  const table = openTable(options);
  if (!table.unknown) {
    throw new UsageError("--extra-columns auto is for the columns of twarc-csv", {
      hint: "Name the members: --extra-columns user.verified_type,timestamp_ms.",
    });
  }
  await exportTo(new CsvWriter({ write: () => Promise.resolve() }, table), exported);
  return openTable({ ...options, extra: [...table.unknown.keys()].toSorted() });
}

/** Opens the output. @throws UserError if it cannot be written */
async function openOutput(
  plan: Plan,
  { path, table, write }: { path: string; table: Table; write: (bytes: Uint8Array) => void },
): Promise<Output> {
  const { request } = plan;
  const { format, edges, excel, referenced, raw, shardMb } = request;
  if (format === "parquet") {
    const { Parquet } = await import("../../export/parquet.ts");
    return openShards(path, (openShard) =>
      new Parquet({
        openShard,
        shardBytes: shardMb * 1_000_000,
        metadata: { twarc_cloud: JSON.stringify(describe(plan)) },
        merge: referenced !== "none",
        raw,
        pseudonyms: plan.pseudonyms,
      }));
  }
  const make = (sink: Sink): PostWriter => {
    if (format === "gexf" || edges !== undefined) return networkWriterFor(plan, sink);
    if (format === "ids") return new IdWriter(sink);
    return format === "jsonl" ? new JsonlWriter(sink) : new CsvWriter(sink, table, { excel });
  };
  if (path !== "-") return await openFile(path, make);
  return {
    writer: make({ write: (bytes) => Promise.resolve(write(bytes)) }),
    keep: () => Promise.resolve(),
    discard: () => Promise.resolve(),
  };
}

function networkWriterFor({ request: { edges = "all", format }, pseudonyms }: Plan, sink: Sink) {
  const kinds = new Set(EDGES.filter((kind) => edges === "all" || kind === edges));
  const network = new Network({ kinds, pseudonyms });
  return format === "gexf" ? new GexfWriter(sink, network) : new EdgesWriter(sink, network);
}

/** Describes an export before it is made, identically for identical requests. */
function describe(
  { request, source: { fingerprint }, version }: Plan,
): Record<string, unknown> {
  const { ids, output: _, pseudonyms, ...asked } = request;
  return {
    collections: ids,
    arguments: { ...asked, pseudonyms: pseudonyms !== undefined },
    manifests_sha256: fingerprint,
    twarc_cloud_version: version,
  };
}
