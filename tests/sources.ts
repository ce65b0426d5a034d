/** The project's own files, and which of them each imports. */

import { fileURLToPath, pathToFileURL } from "node:url";

/** The project's folder, with its last slash. */
export const ROOT = pathOf(new URL("../", import.meta.url));

/** Returns the path of a file URL, with slashes on every system, as `sources` has it. */
export function pathOf(url: URL): string {
  return fileURLToPath(url).replaceAll("\\", "/");
}

/** Lists the TypeScript files below a folder, by their whole paths. */
export async function sources(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await sources(`${folder}/${name}`));
    else if (name.endsWith(".ts")) found.push(`${folder}/${name}`);
  }
  return found;
}

/** Returns the relative imports of a file's text, lazy ones and those of types included, as they are written. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import\(|^import)\s*"(\.[^"]+)"/gm)]
    .map(([, specifier = ""]) => specifier);
}

/** Entry points that tests start as processes: a file that names one depends on it. */
const ENTRIES = ["main.ts", "harvester.ts"];

/** Maps each file to those that depend on it directly. */
export async function dependants(): Promise<Map<string, string[]>> {
  const files = [
    ...await sources(`${ROOT}lib`),
    ...await sources(`${ROOT}tests`),
    ...ENTRIES.map((name) => `${ROOT}${name}`),
  ];
  const found = new Map<string, string[]>();
  for (const file of files) {
    const text = await Deno.readTextFile(file);
    const imported = importsOf(text).map((specifier) =>
      pathOf(new URL(specifier, pathToFileURL(file)))
    );
    const started = ENTRIES.filter((name) => text.includes(`${name}"`)).map((name) =>
      `${ROOT}${name}`
    );
    for (const other of [...imported, ...started]) {
      found.set(other, [...found.get(other) ?? [], file]);
    }
  }
  return found;
}

/** Returns the files that a change reaches, those that changed included. */
export function reached(
  changed: readonly string[],
  dependants: Map<string, string[]>,
): Set<string> {
  const found = new Set(changed);
  for (const file of found) {
    for (const other of dependants.get(file) ?? []) found.add(other);
  }
  return found;
}
