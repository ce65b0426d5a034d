/**
 * Tests that cannot hold on a system, by name, each with the reason: `tests/bounds.ts` leaves them out there. All
 * others run on every system.
 */

/** As Deno names systems; `wine` is what Windows' own programs run on where there is no Windows. */
type System = "windows" | "darwin" | "wine";

/** What is left out for one reason. */
interface LeftOut {
  on: System[];
  why: string;
  /** The names of tests as they are written where the tests are, with `${…}` where a name has something put in. */
  tests: string[];
}

/** The reasons. */
export const LEFT_OUT: LeftOut[] = [
  {
    on: ["windows"],
    why: "Windows has no signals: a process ends at once, or is not asked",
    tests: [
      "${signal} asks the process to end, which it does in its own time",
      "real harvesters, in a folder and in S3: whatever goes wrong, nothing is lost, twice, or unreadable (seed ${SEED})",
      "one Ctrl-C that arrives twice, as from `deno task`, is one; another one ends the process at once",
      "what nohup started outlives its terminal, and ends by SIGTERM",
      '${signals.join(" and ")}: a harvest of a stream stores all that has come, and ends well',
      "a stream that was paused while much arrived, and is ended by ${how} then, keeps all of it",
      "Ctrl-C ends --wait and not the harvest: exit code 130, and how to stop it",
      "a followed harvest whose harvester is gone ends the following with that, and one that is left goes on",
      "a log that is followed shows what is added, and ends with Ctrl-C",
      "from the original's environment to ours: what it runs is seen and stopped, what it lacks is said, and all goes on here",
      "a harvester that stands still past its lease is shown, and is not said to have stopped before it has",
      "what install writes runs in whatever folder one is, and each signal to it ends the harvest",
    ],
  },
  {
    on: ["windows"],
    why: "Windows' paths are others",
    tests: [
      "one folder is one bucket, however its name is written",
      "a file URL of another machine, or of no place, is refused",
      "where a bucket is is said as other programs open it",
      "where a harvest's files are is said as other programs open it, in S3 with what copies them here",
      "a person's folders are where their system has them",
      "Deno's own folder is where Deno looks for it",
      "who has no home has folders where temporary files are, or where they say",
      "a home that is there stays, and one that is not is named for the AWS SDK",
      "the file lies in the person's home",
      "twarc2's file is found where its system keeps such files",
    ],
  },
  {
    on: ["windows"],
    why: "Windows has no modes of files",
    tests: [
      "a profile is written beside the others, for the person alone",
      "local: a folder that may not be written is the person's to mend",
      "a file that others may write is not taken for what a harvester left",
      'it is left there where others may write in ${above ? "the folder above it" : "it"}',
      "a person has one key, made when it is first wanted, which nobody else can read",
      "temporary files are in the person's state folder, or in the folder that they name, which is theirs alone",
      "a folder that others may write is refused, in one line that says what to do",
      "a folder in one that everybody may write is refused, in one line that says what to do",
      "local: a configuration, which has keys, is for its owner alone; what was collected is as the system has it",
      "what has a key or the control secret in it can be read by the person alone, whatever the umask is",
      "a folder's secret is long, and the person's own",
      "a state that others may write to is not used",
      "a folder that others may write is refused before a harvester is started, in one line",
    ],
  },
  {
    on: ["windows"],
    why: "Windows shows nothing that tells a process from another with its number",
    tests: [
      "a process of this machine is gone when it has ended, and not before",
      "this process, and one that belongs to somebody else, are not gone",
      "a lock's holder whose number another process has by now is gone",
      "a process that has ended and that nobody has looked at is gone",
      "a process that stands still is not gone",
      "a harvester has a place of its own, keeps out of that of one that lives, and finds what those left that are gone",
      "what a version before left in the person's cache is found",
      "what is to be alive is started as soon as its keeper is gone for sure",
      "what is started again whose document was written, and the answer lost, is started by who wrote it",
      "a document that is damaged is reported once, and keeps nothing else waiting",
      "one whose process is of this machine is seen as long as that lives, whatever its clock says",
      "a harvester whose control server does not answer is stopped by a signal",
      "a harvester whose control server is unreachable is stopped by a signal",
      "a stranger with the number of a lock of ${what} is left alone, and it is said that nothing was stopped",
      "a stranger that was given the number of a harvester which is gone is left alone: none runs",
      "a stranger that has the number of a lock is not stopped, and the next harvest begins at once",
      "a harvester that has ended and that nobody has looked at does not run, and the next one starts",
      "when keeper and harvester are gone, as after a restart, both are revived, and stopped as ever",
      "a harvester that was killed is told as that, and the next one starts at once",
      "a stream that is stopped after unlock --force is finalized, and what it missed until the stop is a gap everywhere",
      "nothing is known of a holder in another run of the kernel, in another namespace, on another host, or of a former version",
    ],
  },
  {
    on: ["windows"],
    why: "a folder's names cannot be made durable by themselves on Windows",
    tests: [
      "each folder that a write makes is durable in the one above it, up to the first that was there",
      "a folder that another process has made may not be durable yet, and is made so",
      "a disk that fails to make a folder durable has not taken the write",
      "folders that were made for a write that fails are removed again, and no others",
    ],
  },
  {
    on: ["windows"],
    why: "a link on Windows has a kind and may need a right",
    tests: [
      "a file that is a link stays one",
      "a bucket has one folder for temporary files, however its name is written, and no other bucket's",
      "a folder that is a link is refused, in one line that says what to do",
      "a link to where the state is may stand in the way to it",
      "nothing is read through a link out of the bucket: what is sent with one shows nobody's files",
      "a link that may not be followed holds up no listing, and is named once",
      "a harvest that was moved to another disk is found behind its link, where that place is marked",
      "nothing is written, replaced or deleted through a link, also where reading is allowed",
      "a second name for a part of the bucket is not listed twice, and a circle ends",
      "looking at a folder changes nothing in it, whatever it has and however old that is",
      "a link where the store keeps its own files is refused, and left as it is",
      "a folder whose tmp is a link where the store keeps its own files is refused, and left as it is",
      "a folder whose mark is a link where the store keeps its own files is refused, and left as it is",
      "a folder whose lock is a link where the store keeps its own files is refused, and left as it is",
      "a copy is refused until it is said what it is, by whatever name, and the original goes on",
      "a bucket that is renamed, linked or put back where it was is the same one, with its state",
      "nothing is logged through a link: it may lead anywhere",
      "a secret is neither read nor written through a link",
      "a bucket has one folder in the person's state, whatever links lead to it, and no other bucket's",
      "a demo's folder with a link of the person's is left as it is",
      "a demo's folder with a link in the place of a folder is left as it is",
      "a folder that the demo did not make is left as it is, also where only its mark is a link",
      "where nothing is said they are in the person's state folder, also where that is a link to another disk",
      "links that lead out of a folder bucket hold up no command: they are named once, and not followed",
      "nothing but tweets files that are not listed goes from a copy: no link, no folder",
    ],
  },
  {
    on: ["windows"],
    why: "Windows removes no file that is open",
    tests: [
      "a folder for temporary files that somebody removes in the middle of a harvest is made again, and nothing is lost",
      "where it is removed while the bucket is away, what waited there is a gap, and the harvest goes on",
      "a lock whose file was removed while it was waited for is none: the next file is locked",
    ],
  },
  {
    on: ["windows"],
    why:
      "Windows says of a file in a folder's place that there is no such path, and opens a folder as a file",
    tests: [
      "local: a bucket that is a file is the person's to mend",
      "local: an object in the place of a folder is no conflict but a fault",
      "a log that is no file is reported in one line, and keeps no harvester from starting where that can be helped",
    ],
  },
  {
    on: ["windows"],
    why: "a file's name on Windows cannot have what this one has",
    tests: [
      "files of a folder bucket that cannot be objects hold up nothing either",
      "a downloaded collection is what is in the bucket, without lock, checkpoint and keys; strays are named",
    ],
  },
  {
    on: ["windows"],
    why:
      "Windows has no `sh`, and what this one does with it (its streams, a limit, a script) has no other way there",
    tests: [
      "local: a full disk is told, and what was there stays",
      "what is shown for sh means the same path there, whatever it has in it",
      "a launcher whose Deno or source is gone says what to do",
      "a command that prints ends with 1 and one line where its standard output is closed, and works without its standard error",
      "an answer can be piped into update, and changesets be kept in a folder",
      "a bucket and its collections say what they are, and how to check them without this program",
      "each command of the documents does what is said, in an empty home, in its order",
      "a harvest that may have 256 descriptors has them, whoever connects to its control server",
      "where the process has no descriptor left, for whatever reason, nobody is answered until it has",
      "the notes of a release are its version's section of the changelog",
      "a harvester has one arena of malloc, unless a person's environment says otherwise",
    ],
  },
  {
    on: ["windows"],
    why: "Windows has neither `ps` nor process groups",
    tests: [
      "a harvester that a command started reads and writes where it has to, and nowhere else",
      "a harvester outlives the one who started it: it leads a process group of its own",
    ],
  },
  {
    on: ["windows"],
    why: "Windows has no pseudo-terminal that Python opens, and no pipe that does not wait",
    tests: [
      "help, errors and lists are broken between words in a narrow terminal",
      "a question that is left, by Ctrl-C or Ctrl-D, ends with what was kept and exit code 130",
      "a pipe that does not wait for its reader gets all of the output, each byte once",
      "what nobody reads to its end is no success: one line, and exit code 1",
    ],
  },
  {
    on: ["wine"],
    why:
      "Wine gives a folder's last change as its birth, by which a copy is known from what it is of",
    tests: [
      'what is removed in the middle of a run is made again: ${gone || "all of it"}',
      "another machine knows the folder that it shares from a copy of it",
    ],
  },
  {
    on: ["wine"],
    why: "Wine resolves no `localhost`",
    tests: ["a store of one's own is asked by path: ${where}"],
  },
  {
    on: ["wine"],
    why: "Wine's cmd reads files in the system's code page, whatever the terminal's is",
    tests: [
      "a launcher for cmd starts the program in a folder in other letters, and says where it is gone",
    ],
  },
  {
    on: ["wine"],
    why:
      "Wine takes up to a second to start a program, in which nothing else of the process goes on",
    tests: [
      "a file that was locked is free at once, whatever programs this process is starting",
      "what a harvester leaves is there for the next one at once, whatever programs this process is starting",
    ],
  },
  {
    on: ["wine"],
    why: "Wine takes so long to close a connection that the system gives up some of a thousand",
    tests: [
      "1,000 connections that say nothing keep nobody else waiting, and do not keep the harvester from ending",
    ],
  },
  {
    on: ["windows", "darwin"],
    why: "only Linux has a `script` that runs a command in a terminal without columns",
    tests: ["a terminal that says it has no columns gets its questions on a line each"],
  },
  {
    on: ["windows", "darwin"],
    why: "only Linux has /dev/full",
    tests: [
      "output that cannot be written is one line, and the exit code that belongs to it; never a stack",
      "an error that cannot be shown keeps its exit code",
      "a harvest whose log cannot be written goes on",
      "a scheduler whose reports cannot be written goes on",
    ],
  },
  {
    on: ["windows", "darwin"],
    why: "only Linux shows a process's peak of memory",
    tests: [
      "a page in ${packing} that unpacks to 4 GiB is refused, in little memory, and asked for again",
      "a stream in gzip that unpacks to 4 GiB ${what} is left and opened again, in little memory",
    ],
  },
  {
    on: ["windows", "darwin"],
    why: "only Linux has namespaces",
    tests: [
      "a process in another container of the same name and kernel is not judged from here",
      "a living harvester in a container of the same name, whose number nothing has here, is not taken over",
      "every command works with the shipped permissions for a user whom nobody knows, without HOME or with HOME=/ (wants root)",
      "a harvest writes nowhere but /tmp, and needs no capability for its port (wants root)",
    ],
  },
  {
    on: ["windows", "darwin"],
    why:
      "only Linux has /proc, `setpriv`, small disks in memory, and libraries that go before the system's",
    tests: [
      "a disk that runs out of ${what} ends the harvest with the reason, and what was committed is intact",
      "a disk that ${what} holds a bucket and temporary files (needs cc, on Linux)",
      "a place where nothing can be made is refused, with how to name another one",
      "another user who made the folder that a version before used, with ${mode}, forges no tweet, reads no secret and stops no harvest",
      "a folder for temporary files that another user made is refused, and the person's own lets nobody in",
    ],
  },
];

/** Returns why a test is left out here; null where it is run. */
export function leftOut(name: string, systems: System[] = systemsHere()): string | null {
  const found = LEFT_OUT.find(({ on, tests }) =>
    on.some((system) => systems.includes(system)) && tests.some((test) => isNamed(name, test))
  );
  return found?.why ?? null;
}

/** Whether a test's name is what is written as `written`. */
function isNamed(name: string, written: string): boolean {
  if (!written.includes("${")) return name === written;
  const parts = written.split(/\$\{[^}]*\}/).map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(name);
}

/** The systems that this one counts as. */
function systemsHere(): System[] {
  const { os } = Deno.build;
  if (os === "darwin") return [os];
  if (os !== "windows") return [];
  return Deno.env.get("TWARC_CLOUD_TEST_WINE") ? [os, "wine"] : [os];
}
