/** README.md of a collection, kept by the commands that change what it says, and by those that start a harvest. */

import type { JsonObject } from "../../base/json.ts";
import type { Described } from "../../bucket/readme_text.ts";
import type { Store } from "../../store/store.ts";

/** Has README.md say what a collection's configuration says now. */
export async function keepCollectionReadme(store: Store, config: Described): Promise<void> {
  const { collectionKeys } = await import("../../collection/layout.ts");
  const { collectionReadme } = await import("../../bucket/readme_text.ts");
  const { keepReadme } = await import("../../bucket/readme.ts");
  const { folder } = collectionKeys(String(config.id));
  await keepReadme(store, folder, collectionReadme(config));
}

/** As `keepCollectionReadme`, by what is in the bucket. @throws UserError where there is no such collection */
export async function keepReadmeFor(
  { store, collections }: {
    store: Store;
    collections: { loadJson: (id: string) => Promise<{ json: JsonObject }> };
  },
  id: string,
): Promise<void> {
  await keepCollectionReadme(store, { ...(await collections.loadJson(id)).json, id });
}
