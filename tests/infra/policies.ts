/** The policies of infra/*.tf, as far as they are written there, and what IAM would answer by them. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const INFRA = fileURLToPath(new URL("../../infra/", import.meta.url));

/** What is asked for. */
export interface Asked {
  action: string;
  resource: string;
  /** Condition keys with their values. */
  context?: Record<string, string>;
}

interface Condition {
  test: string;
  variable: string;
  values: string[];
}

/** A statement that allows something. */
export interface Statement {
  actions: string[];
  resources: string[];
  conditions: Condition[];
}

/** A bucket's names and numbers, in the place of what Terraform knows when it is applied. */
const KNOWN: Record<string, string> = {
  "data.aws_caller_identity.current.account_id": "123456789012",
  "data.aws_partition.current.partition": "aws",
  "var.region": "eu-central-1",
  "var.bucket": "my.tweets",
  "var.name": "twarc-cloud",
  'replace(var.bucket, ".", "-")': "my-tweets",
  "aws_s3_bucket.collections.arn": "arn:aws:s3:::my.tweets",
  "aws_ecs_cluster.main.arn": "arn:aws:ecs:eu-central-1:123456789012:cluster/twarc-cloud",
  "aws_cloudwatch_log_group.harvester.arn":
    "arn:aws:logs:eu-central-1:123456789012:log-group:twarc-cloud-container",
  "aws_iam_role.task.arn": "arn:aws:iam::123456789012:role/twarc-cloud-task",
  "aws_iam_role.execution.arn": "arn:aws:iam::123456789012:role/twarc-cloud-execution",
  "aws_iam_role.scheduler.arn": "arn:aws:iam::123456789012:role/twarc-cloud-scheduler",
};

/** The policy documents that allow something, by their names. */
export async function policies(): Promise<Map<string, Statement[]>> {
  const files = ["person.tf", "roles.tf"];
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(`${INFRA}${file}`)));
  const text = texts.join("\n").replace(/^\s*#.*$/gm, "");
  const locals = new Map(Object.entries(KNOWN));
  const [, body = ""] = /^locals \{\n([\s\S]*?)^\}/m.exec(text) ?? [];
  for (const [, name = "", value = ""] of body.matchAll(/^\s*(\w+)\s*=\s*(.+)$/gm)) {
    locals.set(`local.${name}`, valueOf(value.trim(), locals));
  }
  const found = new Map<string, Statement[]>();
  for (const [, name = "", document = ""] of text.matchAll(DOCUMENT)) {
    const statements = [...document.matchAll(STATEMENT)].map(([, inner = ""]) =>
      statementOf(inner, locals)
    );
    found.set(name, statements);
  }
  return found;
}

const DOCUMENT = /^data "aws_iam_policy_document" "(\w+)" \{\n([\s\S]*?)^\}/gm;
const STATEMENT = /^ {2}statement \{\n([\s\S]*?)^ {2}\}/gm;
const CONDITION = /condition \{\n([\s\S]*?)\n\s*\}/g;

function statementOf(text: string, locals: Map<string, string>): Statement {
  const conditions = [...text.matchAll(CONDITION)].map(([, inner = ""]) => ({
    test: listIn(inner, "test", locals)[0] ?? "",
    variable: listIn(inner, "variable", locals)[0] ?? "",
    values: listIn(inner, "values", locals),
  }));
  const plain = text.replace(CONDITION, "");
  const actions = listIn(plain, "actions", locals);
  return { actions, resources: listIn(plain, "resources", locals), conditions };
}

/** An argument's values: a list's, or the one. */
function listIn(text: string, name: string, locals: Map<string, string>): string[] {
  const found = new RegExp(`^\\s*${name}\\s*=\\s*(\\[[^\\]]*\\]|.+)$`, "m").exec(text)?.[1];
  if (!found) return [];
  const items = found.replace(/^\[|\]$/g, "").match(/"(?:[^"$]|\$\{[^}]*\})*"|[\w.]+/g) ?? [];
  return items.map((item) => valueOf(item, locals));
}

function valueOf(expression: string, locals: Map<string, string>): string {
  const value = (name: string) => locals.get(name) ?? assert.fail(`${name} is not known`);
  const [, quoted] = /^"(.*)"$/.exec(expression) ?? [];
  if (quoted === undefined) return value(expression);
  return quoted.replace(/\$\{([^}]*)\}/g, (_, name) => value(name));
}

/** Whether statements allow something. */
export function isAllowed(statements: Statement[], asked: Asked): boolean {
  return statements.some(({ actions, resources, conditions }) =>
    actions.includes(asked.action) &&
    resources.some((resource) => isLike(asked.resource, resource)) &&
    conditions.every((condition) => holds(condition, asked.context ?? {}))
  );
}

function holds({ test, variable, values }: Condition, context: Record<string, string>): boolean {
  const value = context[variable];
  if (value === undefined) return false;
  if (test === "StringEquals") return values.includes(value);
  assert.match(test, /^(StringLike|ArnEquals|ArnLike)$/);
  return values.some((one) => isLike(value, one));
}

function isLike(text: string, pattern: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(text);
}
