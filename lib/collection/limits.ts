/** The limits of a harvest: what files, flushes and this machine's disk may come to. One table, for whoever takes them. */

/** A limit, as people write it. */
interface LimitFacts {
  /** On a command line. */
  flag: string;
  /** What stands behind the flag. */
  value: string;
  /** In a configuration, under `harvest`. */
  member: string;
  /** What it is where nobody says anything. */
  usual: number;
  /** The least that it may be. */
  least: 0 | 1;
  /** What one of it is in the units of a harvest: tweets, milliseconds, bytes. */
  unit: number;
  /** For the help of commands. */
  help: string;
}

/** The limits by their names. */
export const LIMITS = {
  tweetsPerFile: {
    flag: "--tweets-per-file",
    value: "number",
    member: "tweets_per_file",
    usual: 250_000,
    least: 1,
    unit: 1,
    help: "tweets a file holds at most",
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
    help: "seconds after which what has arrived is in the bucket",
  },
  hoursPerHarvest: {
    flag: "--hours-per-harvest",
    value: "hours",
    member: "hours_per_harvest",
    usual: 24,
    least: 0,
    unit: 3_600_000,
    help:
      "hours after which a stream's harvest ends and another goes on in its place, without a gap: at each " +
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
      "seconds that the bucket may be away (what arrives meanwhile is kept on the disk of the harvester's " +
      "machine), or an API that has worked",
  },
  bufferMb: {
    flag: "--buffer-mb",
    value: "megabytes",
    member: "buffer_mb",
    usual: 1_024,
    least: 1,
    unit: 2 ** 20,
    help: "how much is kept there at most: then nothing more is read until the bucket takes some",
  },
} as const satisfies Record<string, LimitFacts>;

/** The name of a limit. */
export type LimitName = keyof typeof LIMITS;

/** The names of all, in the order of the help. */
export const LIMIT_NAMES = [
  "tweetsPerFile",
  "secsPerFile",
  "flushSecs",
  "hoursPerHarvest",
  "patienceSecs",
  "bufferMb",
] as const satisfies readonly LimitName[];

/** Limits that somebody has set, in the units that people write. */
export type HarvestFlags = Partial<Record<LimitName, number>>;

/** The limits of a harvest, in its own units. */
export interface Limits {
  /** Tweets a segment holds at most. */
  tweetsPerFile: number;
  /** Milliseconds after which a segment is closed. */
  msPerFile: number;
  /** Milliseconds after which what has arrived is committed. */
  flushMs: number;
  /** Milliseconds of a stream's harvest: at each multiple of them, since 1970, another one takes its place. 0 for never. */
  msPerHarvest: number;
  /** Milliseconds that the store may be away: what arrives meanwhile is kept on this machine's disk. */
  patienceMs: number;
  /** Bytes of tweets that are kept on this machine's disk at most; then nothing more is read for a while. */
  bufferBytes: number;
}

/** Returns the limits of a harvest: what nobody has set is as usual. */
export function limitsOf(set: HarvestFlags): Limits {
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

/** Returns limits as a command line has them. */
export function flagsOf(set: HarvestFlags): string[] {
  return LIMIT_NAMES.flatMap((name) => {
    const value = set[name];
    return value === undefined ? [] : [LIMITS[name].flag, `${value}`];
  });
}
