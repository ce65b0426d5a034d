import assert from "node:assert/strict";
import { inPlace } from "./program.ts";

/** Calls of the C library as file systems of a network, or of FUSE, answer them below one folder. */
const LACKS = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
static int lacks(const char *what) { const char *all = getenv("LACKS"); return all && strstr(all, what); }
static int below(const char *path) { const char *top = getenv("BELOW"); return top && !strncmp(path, top, strlen(top)); }
static int is_below(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  return below(path);
}
int flock(int fd, int how) {
  int (*real)(int, int) = dlsym(RTLD_NEXT, "flock");
  if (lacks("locks") && is_below(fd)) return errno = ENOLCK, -1;
  return real(fd, how);
}
int fsync(int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
  if (lacks("syncs") && is_below(fd)) return errno = EINVAL, -1;
  return real(fd);
}
static unsigned long number = 1000000;
int statx(int dir, const char *path, int flags, unsigned mask, struct statx *found) {
  int (*real)(int, const char *, int, unsigned, struct statx *) = dlsym(RTLD_NEXT, "statx");
  int result = real(dir, path, flags, mask, found);
  int is_here = path && *path ? below(path) : is_below(dir);
  if (!result && lacks("numbers") && is_here && S_ISREG(found->stx_mode))
    found->stx_ino = __sync_add_and_fetch(&number, 1);
  return result;
}
`;

/** A library that is loaded before the system's; null where there is no compiler. */
async function library(): Promise<string | null> {
  if (Deno.build.os !== "linux") return null;
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  await Deno.writeTextFile(`${folder}/lacks.c`, LACKS);
  const args = ["-shared", "-fPIC", "-o", `${folder}/lacks.so`, `${folder}/lacks.c`, "-ldl"];
  const built = await new Deno.Command("cc", { args, stderr: "null" }).output().catch(() => null);
  if (built?.success) return `${folder}/lacks.so`;
  await Deno.remove(folder, { recursive: true });
  return null;
}

const LIBRARY = await library();

Deno.test.afterAll(async () => {
  if (LIBRARY) await Deno.remove(LIBRARY.replace("/lacks.so", ""), { recursive: true });
});

for (
  const [what, lacks] of [
    ["has no locks, and syncs nothing", "locks,syncs"],
    ["gives a file another number at each look", "numbers"],
  ]
) {
  Deno.test({
    name: `a disk that ${what} holds a bucket and temporary files (needs cc, on Linux)`,
    ignore: LIBRARY === null,
    fn: () =>
      inPlace(async (place) => {
        const [user = ""] = place.sandbox.world.users.keys();
        await place.writeJson("collection.json", {
          id: "c",
          type: "user_timeline",
          keys: { ...place.sandbox.keys },
          users: { [user]: {} },
        });
        Object.assign(place.env, { LD_PRELOAD: LIBRARY, LACKS: lacks, BELOW: place.folder });
        await place.ok("collection", "add");
        await place.ok("harvest", "run", "--shutdown", "--port", "0", "c");
        await place.ok("collection", "verify", "c");
        assert.ok((await place.tweets("c")).length > 0);
      }),
  });
}
