/** What a bucket lists, read with nothing of the program: manifests, and of a harvest that goes on its checkpoint. */

/** The folder of the harvest that a checkpoint is of, below the collection's, and its manifest; null where that is settled. */
export function openListing(checkpoint: string): { folder: string; manifest: string } | null {
  const { state, began, files } = JSON.parse(checkpoint);
  if (state === "settled") return null;
  const time = new Date(began).toISOString().slice(0, 19).replace(/[-T:]/g, "/");
  const rows = files.map(({ sha1, name }: Record<string, string>) => `${sha1}  ${name}\n`);
  return { folder: `harvests/${time}/`, manifest: rows.join("") };
}

/** The manifest of each harvest's folder. @param read The text of an object that is there. */
export async function manifestsOf(
  keys: string[],
  read: (key: string) => Promise<string>,
): Promise<Map<string, string>> {
  const manifests = new Map<string, string>();
  for (const key of keys.filter((key) => key.endsWith("/manifest-sha1.txt"))) {
    manifests.set(key.slice(0, key.lastIndexOf("/") + 1), await read(key));
  }
  for (const key of keys.filter((key) => key.endsWith("/checkpoint.json"))) {
    const open = openListing(await read(key));
    const collection = key.slice(0, key.lastIndexOf("/") + 1);
    if (open) manifests.set(`${collection}${open.folder}`, open.manifest);
  }
  return manifests;
}
