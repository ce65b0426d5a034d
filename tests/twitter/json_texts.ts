/** Any JSON text as somebody might send it, for properties: white space, escapes and number forms included. */

import fc from "fast-check";
import { anyText } from "../fakes/any_text.ts";

const spaces = fc.stringMatching(/^[ \t\n\r]{0,3}$/);

const numbers = fc.oneof(
  fc.stringMatching(/^-?(0|[1-9]\d{0,30})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/),
  fc.constantFrom("9007199254740993", "18446744073709551615", "-0", "1e999", "-0.0E-0"),
);

const strings = fc.array(
  fc.oneof(
    anyText.map((text) => JSON.stringify(text).slice(1, -1)),
    fc.stringMatching(/^\\u[0-9a-fA-F]{4}$/),
    fc.constantFrom(
      '\\"',
      "\\\\",
      "\\/",
      "\\b",
      "\\f",
      "\\n",
      "\\r",
      "\\t",
      "{",
      "]",
      ",",
      ":",
      "\\ud800",
    ),
  ),
  { maxLength: 4 },
).map((parts) => `"${parts.join("")}"`);

/**
 * The names of members: few, so that some come twice, and some with escapes. None has a quote or a backslash in it: V8 in
 * Deno 2.9.6 may take the name `"\""` for one that it has met before, `"\\"`, so that JSON.parse is no reference there.
 */
const names = fc.oneof(
  fc.constantFrom('"id"', '"i\\u0064"', '"id_str"', '"__proto__"', '""', '"data"'),
  strings.filter((text) => !/\\["\\]/.test(text)),
);

/** A member as it is sent: its name and its value, each without the white space around it. */
export interface Member {
  name: string;
  value: string;
}

/** Any JSON text. */
export const jsonText = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("null", "true", "false"),
    numbers,
    strings,
    tie("list"),
    tie("object"),
  ),
  list: fc.tuple(fc.array(tie("value"), { maxLength: 3 }), spaces).map(([values, space]) =>
    listText(values, space)
  ),
  object: fc.tuple(
    fc.array(fc.record({ name: names, value: tie("value") }), { maxLength: 3 }),
    spaces,
  ).map(([members, space]) => objectText(members, space)),
})).value;

/** Members of an object. */
export const members: fc.Arbitrary<Member[]> = fc.array(
  fc.record({ name: names, value: jsonText }),
  { maxLength: 6 },
);

/** White space that may stand between two tokens. */
export const space = spaces;

/** An array with white space between its tokens. */
export function listText(values: string[], space: string): string {
  return `[${space}${values.join(`${space},${space}`)}${space}]`;
}

/** An object with white space between its tokens. */
export function objectText(members: Member[], space: string): string {
  const all = members.map(({ name, value }) => `${name}${space}:${space}${value}`);
  return `{${space}${all.join(`${space},${space}`)}${space}}`;
}

/** Bytes of a text that somebody has damaged: cut, or with bytes changed, taken out or put in. */
export function damaged(texts: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.nat(),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(...new TextEncoder().encode('{}[]",:\\0u'))),
    kind: fc.constantFrom("change", "remove", "insert", "cut" as const),
  });
  return fc.tuple(texts, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([text, edits]) => {
    const bytes = [...new TextEncoder().encode(text)];
    for (const { at, byte, kind } of edits) {
      const place = at % (bytes.length + 1);
      if (kind === "cut") bytes.length = place;
      else bytes.splice(place, kind === "insert" ? 0 : 1, ...kind === "remove" ? [] : [byte]);
    }
    return Uint8Array.from(bytes);
  });
}
