/** The tests that hold wherever the program runs, Windows and macOS included. */

import { ROOT, sources } from "../sources.ts";

/** Folders of tests that need nothing but Deno: no shell, no Python, no other program. */
const FOLDERS = [
  "archive",
  "base",
  "billing",
  "bucket",
  "cli/text",
  "collection",
  "control",
  "format",
  "harvest",
  "source",
  "store/folder",
];

/** Lists the test files, by their paths from the project's folder. */
export async function testsElsewhere(): Promise<string[]> {
  const found = await Promise.all(FOLDERS.map((folder) => sources(`${ROOT}tests/${folder}`)));
  const files = ["runner/local/launcher_test.ts", "secrets/twarc_files_test.ts"];
  return [...found.flat(), ...files.map((file) => `${ROOT}tests/${file}`)]
    .filter((path) => path.endsWith("_test.ts"))
    .map((path) => path.slice(ROOT.length).replaceAll("\\", "/")).toSorted();
}
