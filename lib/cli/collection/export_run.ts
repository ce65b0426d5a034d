/** Exports collections: finds their files, opens the output, and says what was done. */

import { join } from "node:path";
import { harvestTime } from "../../collection/layout.ts";
import { listedFiles } from "../../bucket/listing.ts";
import { verifyHint } from "../../bucket/tweets.ts";
import { parseStamp } from "../../base/stamp.ts";
import { UserError } from "../../base/errors.ts";
import type { Json } from "../../base/json.ts";
import { openTable, type Table } from "../../export/columns.ts";
import { OutputFile, writeWhole } from "../../export/output_file.ts";
import type { SourceFile } from "../../export/read_posts.ts";
import { type Counts, type Exported, exportTo } from "../../export/run.ts";
import { findLimit } from "../../export/sample.ts";
import type { Selection } from "../../export/selection.ts";
import { CsvWriter, IdWriter, JsonlWriter } from "../../export/text_writers.ts";
import type { PostWriter, Sink } from "../../export/writer.ts";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { count, someOf } from "../output.ts";

/** What a person asks for. */
export interface ExportRequest {
  ids: string[];
  format: "csv" | "jsonl" | "ids";
  output?: string | undefined;
  columns?: string | undefined;
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
  excel: boolean;
}

/** Exports, and says what was done. @throws UserError for what cannot be asked for, and, at the end, for damaged files */
export async function runExport(
  request: ExportRequest,
  { bucket, json }: { bucket: string | undefined; json: boolean },
  context: Context,
): Promise<void> {
  const opened = await openBucket(context, { bucket });
  const { files, apis } = await sourceOf(opened, request);
  const table = openTable({
    columns: request.columns,
    apis,
    merge: request.referenced !== "none",
    raw: request.raw,
  });
  const { output, signal } = context;
  const path = request.output ?? join("export", `${request.ids.join("+")}.${request.format}`);
  const file = path === "-" ? null : await OutputFile.open(path);
  const sink = file ?? { write: (bytes: Uint8Array) => Promise.resolve(output.data(bytes)) };
  const progress = await output.progress();
  try {
    const exported = await withSample(request, {
      store: opened.store,
      files,
      selection: selectionOf(request),
      referenced: request.referenced === "rows",
      keepDuplicates: request.keepDuplicates,
      signal,
      onProgress: ({ tweets }) => progress.show(`${count(tweets)} tweets`),
    });
    const counts = await exportTo(writerOf(request, table, sink), exported);
    await file?.keep();
    progress.end();
    const document = documentOf(request, counts, table, context);
    if (file) await writeWhole(`${path}.export.json`, `${JSON.stringify(document, null, 2)}\n`);
    tell(request, { path, counts, table, json, document }, context);
  } catch (error) {
    progress.end();
    await file?.discard();
    throw error;
  }
}

/** The files of all collections that are asked for. @throws UserError */
async function sourceOf(
  { store, collections }: Bucket,
  { ids, harvest }: ExportRequest,
): Promise<{ files: SourceFile[]; apis: Set<string> }> {
  const files: SourceFile[] = [];
  const apis = new Set<string>();
  for (const id of new Set(ids)) {
    const { json } = await collections.loadJson(id);
    apis.add(json.api === "2" ? "2" : "1.1");
    const all: SourceFile[] = [];
    for await (const { key } of listedFiles(store, id)) all.push({ collection: id, key });
    files.push(...harvest === undefined ? all : ofHarvest(all, id, harvest));
  }
  return { files, apis };
}

/** @throws UserError where there is no such harvest */
function ofHarvest(files: SourceFile[], id: string, harvest: string): SourceFile[] {
  const times = files.map(({ key }) => harvestTime(key));
  const wanted = harvest === "last" ? times.at(-1) : parseStamp(harvest);
  const found = files.filter((_, i) => times[i] === wanted);
  if (found.length > 0) return found;
  throw new UserError(`${id} has no harvest ${harvest} with tweets`);
}

function selectionOf({ from, to, user, rule, retweets }: ExportRequest): Selection {
  return {
    from,
    to,
    users: user && new Set(user.map((one) => one.replace(/^@/, "").toLowerCase())),
    rules: rule && new Set(rule),
    retweets,
  };
}

/** What is exported, with the limit of a sample: that of so many tweets is found by reading once more. */
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

function writerOf({ format, excel }: ExportRequest, table: Table, sink: Sink): PostWriter {
  if (format === "ids") return new IdWriter(sink);
  return format === "jsonl" ? new JsonlWriter(sink) : new CsvWriter(sink, table, { excel });
}

function documentOf(
  { ids, output: _, ...request }: ExportRequest,
  counts: Counts,
  table: Table,
  { version }: Context,
): Json {
  return JSON.parse(JSON.stringify({
    collections: ids,
    arguments: request,
    counts,
    unknown_members: Object.fromEntries(table.unknown ?? []),
    twarc_cloud_version: version,
  }));
}

function tell(
  { ids }: ExportRequest,
  { path, counts, table, json, document }: {
    path: string;
    counts: Counts;
    table: Table;
    json: boolean;
    document: Json;
  },
  { output }: Context,
): void {
  const { rows, retweets, duplicates, damaged } = counts;
  if (json && path !== "-") output.json(document);
  else if (json) output.note(JSON.stringify(document, null, 2));
  else {
    output.note(
      `${count(rows)} tweets exported, ${count(retweets)} of them retweets. ${
        count(duplicates)
      } came again.`,
    );
    const unknown = [...table.unknown ?? []].map(([name, n]) => `${name} (${count(n)})`);
    if (unknown.length > 0) output.note(`No column has these members: ${someOf(unknown)}`);
    if (path !== "-") output.line(`Exported to ${path}`);
  }
  const [first] = damaged;
  if (first === undefined) return;
  throw new UserError(
    damaged.length === 1
      ? `${first} is damaged: what could be read of it was exported`
      : `${count(damaged.length)} files are damaged, and what could be read of them was exported: ${
        someOf(damaged)
      }`,
    { hint: verifyHint(ids[0] ?? "") },
  );
}
