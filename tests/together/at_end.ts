/** What all test files of an isolate share, such as a process, is ended after the last of them. */

// As it is before files that are run together have hooks of their own.
const { afterAll } = Deno.test;

/** Registers what is to be done once every test of this isolate has run; nothing where none are run. */
export function atEnd(act: () => void | Promise<void>): void {
  afterAll?.call(Deno.test, act);
}
