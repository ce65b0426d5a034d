/** The names of walks, by which a checkpoint has their positions. */

/** The name of the walk of a filter stream. */
export const STREAM_WALK = "stream";

/** Returns the name of the walk of a user's timeline. @param id The user's, in digits. */
export function userWalk(id: string): string {
  return `user:${id}`;
}

/** Returns the user whose timeline a walk goes through; undefined for any other walk. */
export function userOfWalk(walk: string): string | undefined {
  return /^user:(\d+)$/.exec(walk)?.[1];
}
