/** The variables of this process's environment, under the names that the program knows. */

/**
 * Returns the environment; on Windows, where letters of either case name the same variable, all names in capitals:
 * `PATH` is called `Path` there.
 */
export function environment(
  env: Record<string, string> = Deno.env.toObject(),
  os: string = Deno.build.os,
): Record<string, string> {
  if (os !== "windows") return env;
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name.toUpperCase(), value]),
  );
}
