/** The names of walks, which are the keys of positions in checkpoints. */

/** The name of a stream's walk. */
export const STREAM_WALK = "stream";

/** Returns the name of a user's timeline walk. @param id The user's, in digits. */
export function userWalk(id: string): string {
  return `user:${id}`;
}

/** Returns the user of a timeline's walk; undefined for any other walk. */
export function userOfWalk(walk: string): string | undefined {
  return /^user:(\d+)$/.exec(walk)?.[1];
}
