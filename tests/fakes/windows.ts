/** Code that runs as on Windows, as far as it asks at each call which system it is on. */

/** Acts while Deno says that this is Windows. Paths stay those of the system. */
export async function asOnWindows<T>(act: () => Promise<T>): Promise<T> {
  const { build } = Deno;
  const set = (value: typeof build) => Object.defineProperty(Deno, "build", { value });
  set({ ...build, os: "windows" });
  try {
    return await act();
  } finally {
    set(build);
  }
}
