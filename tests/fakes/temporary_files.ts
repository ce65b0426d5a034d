/** Which temporary files something makes. */

/** Acts. @returns The paths of the temporary files that were made at once meanwhile */
export async function temporaryFilesOf(act: () => Promise<void>): Promise<string[]> {
  const { makeTempFileSync } = Deno;
  const made: string[] = [];
  const value = (options?: Deno.MakeTempOptions) => {
    const path = makeTempFileSync(options);
    made.push(path);
    return path;
  };
  Object.defineProperty(Deno, "makeTempFileSync", { value, configurable: true });
  try {
    await act();
  } finally {
    Object.defineProperty(Deno, "makeTempFileSync", {
      value: makeTempFileSync,
      configurable: true,
    });
  }
  return made;
}

/** Whether there is something at a path. */
export async function isAtPath(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
