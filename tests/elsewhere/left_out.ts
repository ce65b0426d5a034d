/** Tests that cannot hold on Windows, by name, with the reason. `tests/bounds.ts` leaves them out there. */

/** A reason, and the names of tests. */
export const LEFT_OUT: Record<string, (string | RegExp)[]> = {
  "Windows has no signals": [
    /^SIG(INT|TERM|HUP) asks the process to end/,
    "one Ctrl-C that arrives twice, as from `deno task`, is one; another one ends the process at once",
    "what nohup started outlives its terminal, and ends by SIGTERM",
  ],
  "Windows' paths are others": [
    "one folder is one bucket, however its name is written",
    "a file URL of another machine, or of no place, is refused",
    "where a bucket is is said as other programs open it",
    "a person's folders are where their system has them",
    "Deno's own folder is where Deno looks for it",
    "who has no home has folders where temporary files are, or where they say",
    "a home that is there stays, and one that is not is named for the AWS SDK",
    "the file lies in the person's home",
    "twarc2's file is found where its system keeps such files",
  ],
  "Windows has no modes of files": [
    "a profile is written beside the others, for the person alone",
    "local: a folder that may not be written is the person's to mend",
    /^a file that others may write is not taken for what a harvester left$/,
    /^it is left there where others may write in /,
    "a person has one key, made when it is first wanted, which nobody else can read",
    "temporary files are in the person's state folder, or in the folder that they name, which is theirs alone",
    /^a folder (that others may write|in one that everybody may write) is refused, in one line/,
    "local: a configuration, which has keys, is for its owner alone; what was collected is as the system has it",
  ],
  "Windows shows nothing that tells a process from another with its number": [
    "a process of this machine is gone when it has ended, and not before",
    "this process, and one that belongs to somebody else, are not gone",
    "a lock's holder whose number another process has by now is gone",
    "a process that has ended and that nobody has looked at is gone",
    "a process that stands still is not gone",
    "a harvester has a place of its own, keeps out of that of one that lives, and finds what those left that are gone",
    "what a version before left in the person's cache is found",
    "nothing is known of a holder in another run of the kernel, in another namespace, on another host, or of a former version",
  ],
  "a folder's names cannot be made durable by themselves on Windows": [
    "each folder that a write makes is durable in the one above it, up to the first that was there",
    "a folder that another process has made may not be durable yet, and is made so",
    "a disk that fails to make a folder durable has not taken the write",
    "folders that were made for a write that fails are removed again, and no others",
  ],
  "a link on Windows has a kind and may need a right": [
    "a file that is a link stays one",
    "a bucket has one folder for temporary files, however its name is written, and no other bucket's",
    /^a folder that is a link is refused, in one line/,
    "a link to where the state is may stand in the way to it",
    "nothing is read through a link out of the bucket: what is sent with one shows nobody's files",
    "a link that may not be followed holds up no listing, and is named once",
    "a harvest that was moved to another disk is found behind its link, where that place is marked",
    "nothing is written, replaced or deleted through a link, also where reading is allowed",
    "a second name for a part of the bucket is not listed twice, and a circle ends",
    "looking at a folder changes nothing in it, whatever it has and however old that is",
    /^a (link|folder whose .+ is a link) where the store keeps its own files is refused/,
  ],
  "Windows removes no file that is open": [
    "a folder for temporary files that somebody removes in the middle of a harvest is made again, and nothing is lost",
    "where it is removed while the bucket is away, what waited there is a gap, and the harvest goes on",
    "a lock whose file was removed while it was waited for is none: the next file is locked",
  ],
  "Windows says of a file in a folder's place that there is no such path": [
    "local: a bucket that is a file is the person's to mend",
    "local: an object in the place of a folder is no conflict but a fault",
  ],
  "Windows has no `sh`, `id` or disk of a size": [
    "local: a full disk is told, and what was there stays",
  ],
};

/** Returns why a test is left out on a system; null where it is run. */
export function leftOut(name: string, os: string = Deno.build.os): string | null {
  if (os !== "windows") return null;
  const found = Object.entries(LEFT_OUT).find(([, names]) =>
    names.some((one) => typeof one === "string" ? one === name : one.test(name))
  );
  return found?.[0] ?? null;
}
