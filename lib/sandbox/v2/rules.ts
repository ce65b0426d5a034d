/** The rules of the filtered stream of version 2: they belong to the app. */

import { z } from "zod";
import type { Json } from "../../base/json.ts";
import type { Status } from "../corpus.ts";
import type { SandboxUser } from "../user.ts";
import { type Matcher, matcher } from "../query.ts";
import { invalid, PROBLEMS } from "./routes.ts";

const MAX_RULE = 1_024;

const bodySchema = z.union([
  z.object({
    add: z.array(z.object({ value: z.string(), tag: z.string().optional() })).min(1),
  }),
  z.object({ delete: z.object({ ids: z.array(z.string()).min(1) }) }),
]);

/** A rule of the app. */
export interface Rule {
  id: string;
  value: string;
  tag?: string;
}

/** The rules of the app. */
export class Rules {
  readonly #most: number;
  readonly #rules = new Map<string, Rule & { matches: Matcher }>();
  #nextId = 1_377_649_934_414_049_281n;

  /** @param most Rules that the app may have. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Every rule, oldest first. */
  get all(): Rule[] {
    return [...this.#rules.values()].map(({ matches: _, ...rule }) => rule);
  }

  /** Returns the rules that a tweet matches, in the form of a stream. */
  matching(status: Status, user: SandboxUser | undefined): Pick<Rule, "id" | "tag">[] {
    return [...this.#rules.values()].filter(({ matches }) => matches(status, user))
      .map(({ id, tag }) => ({ id, tag: tag ?? "" }));
  }

  /** Adds one, as another program may have. */
  add(value: string, tag?: string): Rule {
    const rule = { id: `${this.#nextId++}`, value, ...(tag === undefined ? {} : { tag }) };
    this.#rules.set(rule.id, { ...rule, matches: matcher(value) });
    return rule;
  }

  /** GET /2/tweets/search/stream/rules */
  list(): Response {
    const rules = this.all;
    const meta = { sent: new Date().toISOString(), result_count: rules.length };
    return Response.json({ ...(rules.length > 0 ? { data: rules } : {}), meta });
  }

  /** POST /2/tweets/search/stream/rules: adds, or deletes. */
  change(json: Json): Response {
    const body = bodySchema.safeParse(json).data;
    if (!body) return invalid("JSON doesn't match expected schema");
    const sent = new Date().toISOString();
    if ("delete" in body) {
      const deleted = body.delete.ids.filter((id) => this.#rules.delete(id)).length;
      const summary = { deleted, not_deleted: body.delete.ids.length - deleted };
      return Response.json({ meta: { sent, summary } });
    }
    const problems = body.add.flatMap((rule) => this.#problem(rule.value, body.add.length) ?? []);
    // Readable rules are added only if all are readable.
    if (problems.some(({ type }) => !type.endsWith("duplicate-rules"))) {
      const [first] = problems;
      return Response.json({ errors: problems, title: first?.title, type: first?.type }, {
        status: first?.title === "RulesCapExceeded" ? 422 : 400,
      });
    }
    const taken = problems.map(({ value }) => value);
    const added = body.add.filter(({ value }) => !taken.includes(value))
      .map(({ value, tag }) => this.add(value, tag));
    const summary = { created: added.length, not_created: problems.length };
    return Response.json({
      ...(added.length > 0 ? { data: added } : {}),
      meta: { sent, summary },
      ...(problems.length > 0 ? { errors: problems } : {}),
    }, { status: added.length > 0 ? 201 : 200 });
  }

  #problem(value: string, added: number): Record<"value" | "title" | "type", string> | null {
    const problem = (title: string, type: string, more: Record<string, Json>) => ({
      value,
      ...more,
      title,
      type: `${PROBLEMS}${type}`,
    });
    const same = this.all.find((rule) => rule.value === value);
    if (same) return problem("DuplicateRule", "duplicate-rules", { id: same.id });
    if (this.#rules.size + added > this.#most) {
      const detail = `Your app may have ${this.#most} rules`;
      return problem("RulesCapExceeded", "rule-cap", { detail });
    }
    const fault = value.length > MAX_RULE
      ? `Rules must not be longer than ${MAX_RULE} characters`
      : findFault(value);
    return fault ? problem("UnprocessableEntity", "invalid-rules", { details: [fault] }) : null;
  }
}

function findFault(value: string): string | null {
  try {
    matcher(value);
    return null;
  } catch (error) {
    return error instanceof SyntaxError ? error.message : `${error}`;
  }
}
