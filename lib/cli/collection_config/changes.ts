/** The command `twarc-cloud collection-config changes`. */

import { join } from "node:path";
import type { Command } from "@commander-js/extra-typings";
import { lastWord } from "../../base/visible.ts";
import type { Store } from "../../store/store.ts";
import { type Bucket, type Context, openBucket } from "../context.ts";
import { bucketOption, example } from "../options.ts";
import { shortenList } from "../output.ts";

/** Adds the command. */
export function addChanges(group: Command, context: Context): void {
  group.command("changes")
    .summary("Describe changes made to a collection's configuration.")
    .description(
      "Describes every change that was made to a collection's configuration; secrets as fingerprints.",
    )
    .argument("<collection-id>", "collection")
    .option("--deletes-only", "only describe deletes", false)
    .option("--temp <folder>", "keep the changesets in this folder as well, below ID/changesets/")
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("collection-config changes test_collection"))
    .action(async (id, { deletesOnly, temp, bucket, json }) => {
      const opened = await openBucket(context, { bucket });
      const { describe } = await import("../../collection/describe.ts");
      const { redact } = await import("../../collection/changeset.ts");
      const { History } = await import("../../bucket/history.ts");
      const damaged: string[] = [];
      await opened.collections.loadJson(id);
      if (temp !== undefined) await copyChangesets({ store: opened.store, id, to: temp });
      await withChangesets(opened, id, context, async (store) => {
        const changesets = new History(store, id).readable(({ message }) => damaged.push(message));
        if (json) {
          context.output.json(
            await Array.fromAsync(
              changesets,
              (changeset) => ({ ...changeset, ...redact(changeset) }),
            ),
          );
        } else {
          for await (const line of describe(changesets, { deletesOnly })) context.output.line(line);
        }
      });
      if (damaged.length > 0) await refuseDamaged(id, damaged);
    });
}

/** Lets `use` read changesets; where reading costs, those that were read before come from the person's cache. */
async function withChangesets(
  { store, settings }: Pick<Bucket, "store" | "settings">,
  id: string,
  { env }: Context,
  use: (store: Store) => Promise<void>,
): Promise<void> {
  if (!store.isBilled) return await use(store);
  const { keptPath, withKept } = await import("./kept_changesets.ts");
  const { cacheFolder } = await import("../../base/folders.ts");
  const { endpoint } = settings.aws;
  await withKept(store, keptPath(cacheFolder({ env }), { store, id, endpoint }), use);
}

/** Reports damaged changesets after the others were shown. @throws UserError */
async function refuseDamaged(id: string, damaged: string[]): Promise<void> {
  const { UserError } = await import("../../base/errors.ts");
  const what = damaged.length === 1 ? "A change" : `${damaged.length} changes`;
  throw new UserError(`${what} cannot be shown: ${shortenList(damaged)}`, {
    hint: `The others were shown. Check the collection with: twarc-cloud collection verify ${
      lastWord(id)
    }`,
  });
}

/** Copies the changesets of a collection, without keys, as the Python original's `--temp` does. */
async function copyChangesets(
  { store, id, to }: { store: Store; id: string; to: string },
): Promise<void> {
  const { collectionKeys, isChangeset } = await import("../../collection/layout.ts");
  const { Copier } = await import("../collection/copier.ts");
  const { folder, changesets } = collectionKeys(id);
  const copier = new Copier({ store, to: join(to, id), root: folder, clean: false });
  for await (const listed of store.list(changesets)) {
    if (isChangeset(listed.key)) await copier.copy(listed);
  }
}
