/** The limits of harvests (files, flushes, disk space): one table for flags, configurations and harvesters. */

/** A limit in a person's units. */
interface LimitFacts {
  /** The flag of command lines. */
  flag: string;
  /** The placeholder of the flag's value. */
  value: string;
  /** The member of a configuration, under `harvest`. */
  member: string;
  /** The default. */
  usual: number;
  /** The minimum. */
  least: 0 | 1;
  /** Factor to a harvest's units: tweets, milliseconds, bytes. */
  unit: number;
  /** The description in commands' help. */
  help: string;
}

/** The limits by name. */
export const LIMITS = {
  tweetsPerFile: {
    flag: "--tweets-per-file",
    value: "number",
    member: "tweets_per_file",
    usual: 250_000,
    least: 1,
    unit: 1,
    help: "maximum number of tweets in a file",
  },
  secsPerFile: {
    flag: "--secs-per-file",
    value: "seconds",
    member: "secs_per_file",
    usual: 1_800,
    least: 1,
    unit: 1_000,
    help: "seconds after which a file is closed",
  },
  flushSecs: {
    flag: "--flush-secs",
    value: "seconds",
    member: "flush_secs",
    usual: 15,
    least: 1,
    unit: 1_000,
    help: "seconds after which tweets that have arrived are in the bucket",
  },
  hoursPerHarvest: {
    flag: "--hours-per-harvest",
    value: "hours",
    member: "hours_per_harvest",
    usual: 24,
    least: 0,
    unit: 3_600_000,
    help:
      "hours after which a stream's harvest ends and the next one takes over, without a gap: at each " +
      "multiple of them since 1970 (UTC); 0 for never",
  },
  patienceSecs: {
    flag: "--patience-secs",
    value: "seconds",
    member: "patience_secs",
    usual: 3_600,
    least: 1,
    unit: 1_000,
    help:
      "seconds to wait for a bucket that is unavailable (tweets are kept on the disk of the harvester's " +
      "machine meanwhile), or for an API that has worked before",
  },
  bufferMb: {
    flag: "--buffer-mb",
    value: "megabytes",
    member: "buffer_mb",
    usual: 1_024,
    least: 1,
    unit: 2 ** 20,
    help: "how much is kept there at most; then reading pauses until uploads catch up",
  },
} as const satisfies Record<string, LimitFacts>;

/** The name of a limit. */
export type LimitName = keyof typeof LIMITS;

/** All names, in the order of the help. */
export const LIMIT_NAMES = [
  "tweetsPerFile",
  "secsPerFile",
  "flushSecs",
  "hoursPerHarvest",
  "patienceSecs",
  "bufferMb",
] as const satisfies readonly LimitName[];

/** Limits that were set, in a person's units. */
export type HarvestFlags = Partial<Record<LimitName, number>>;

/** The limits of a harvest, in its own units. */
export interface Limits {
  /** Maximum number of tweets in a segment. */
  tweetsPerFile: number;
  /** Milliseconds after which a segment is closed. */
  msPerFile: number;
  /** Milliseconds after which arrived tweets are committed. */
  flushMs: number;
  /** Milliseconds of a stream's harvest: the next one takes over at each multiple since 1970; 0 for never. */
  msPerHarvest: number;
  /** Milliseconds to wait for an unavailable store, while tweets are kept on this machine's disk. */
  patienceMs: number;
  /** Maximum bytes of tweets on this machine's disk, beyond which reading pauses. */
  bufferBytes: number;
}

/** Returns the limits of a harvest, with defaults. */
export function toLimits(set: HarvestFlags): Limits {
  const value = (name: LimitName) => (set[name] ?? LIMITS[name].usual) * LIMITS[name].unit;
  return {
    tweetsPerFile: value("tweetsPerFile"),
    msPerFile: value("secsPerFile"),
    flushMs: value("flushSecs"),
    msPerHarvest: value("hoursPerHarvest"),
    patienceMs: value("patienceSecs"),
    bufferBytes: value("bufferMb"),
  };
}

/** Returns the limits among the members of an object, such as the options of a command. */
export function limitsAmong(
  options: object,
  nameOf: (name: LimitName) => string = (name) => name,
): HarvestFlags {
  const set: HarvestFlags = {};
  for (const name of LIMIT_NAMES) {
    const value: unknown = Reflect.get(options, nameOf(name));
    if (typeof value === "number") set[name] = value;
  }
  return set;
}

/** Returns the limits that a collection's configuration sets. */
export function configuredLimits({ harvest = {} }: { harvest?: object | undefined }): HarvestFlags {
  return limitsAmong(harvest, (name) => LIMITS[name].member);
}

/** Returns limits as flags of a command line. */
export function toFlags(set: HarvestFlags): string[] {
  return LIMIT_NAMES.flatMap((name) => {
    const value = set[name];
    return value === undefined ? [] : [LIMITS[name].flag, `${value}`];
  });
}
