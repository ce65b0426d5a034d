/** EventBridge's schedule expressions, `rate(...)` and `cron(...)`: parsed, and their next times. */

/** A schedule. */
export interface Schedule {
  /** As the person wrote it, e.g. `rate(7 days)`. */
  expression: string;
}
