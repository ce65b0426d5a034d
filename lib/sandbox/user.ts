/** A user of the sandbox, from whichever corpus. */

/** A user of the sandbox. */
export interface SandboxUser {
  id: string;
  screenName: string;
  name: string;
  state: "open" | "protected" | "suspended" | "gone";
  /** Whether the user is protected, and the owner of the keys reads the tweets as a follower. */
  isProtected?: boolean;
  /** The user's text in a file of version 2. */
  sent?: string;
}
