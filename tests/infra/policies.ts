/** The policies of infra/*.tf, as far as they are written there, and what IAM would answer by them. */

import { runSimulation, runUnsafeSimulation, type Simulation } from "@cloud-copilot/iam-simulate";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ACCOUNT = "123456789012";
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
  /** Its name; empty where it has none. */
  sid: string;
  actions: string[];
  resources: string[];
  conditions: Condition[];
}

/** A bucket's names and numbers, in the place of what Terraform knows when it is applied. */
const KNOWN: Record<string, string> = {
  "data.aws_caller_identity.current.account_id": ACCOUNT,
  "data.aws_partition.current.partition": "aws",
  "var.region": "eu-central-1",
  "var.bucket": "my.tweets",
  "var.name": "twarc-cloud",
  'replace(var.bucket, ".", "-")': "my-tweets",
  "aws_s3_bucket.collections.arn": "arn:aws:s3:::my.tweets",
  "aws_ecs_cluster.main.arn": "arn:aws:ecs:eu-central-1:123456789012:cluster/twarc-cloud",
  "aws_cloudwatch_log_group.harvester.arn":
    "arn:aws:logs:eu-central-1:123456789012:log-group:twarc-cloud-container",
  "aws_sqs_queue.dead_letters.arn":
    "arn:aws:sqs:eu-central-1:123456789012:twarc-cloud-dead-letters",
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
  const [sid = ""] = listIn(plain, "sid", locals);
  return { sid, actions, resources: listIn(plain, "resources", locals), conditions };
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

/** What IAM answers. */
export interface Answer {
  /** Whether it is allowed. */
  isAllowed: boolean;
  /** What is not as it should be in the policy, or in what is asked for: a resource that the action does not know. */
  errors: unknown;
  /** What allowed it: statements by their place in the policy, with those of their resources that fitted. */
  by: { statement: number; resources: string[] }[];
}

/**
 * What IAM would answer, who asks having no other policy than this one. Condition keys that the action does not have
 * count as absent, as with AWS.
 */
export async function asked(
  statements: Statement[],
  one: Asked,
): Promise<Answer> {
  const result = await runSimulation(simulationOf(statements, one), {});
  if (result.resultType === "error") return { isAllowed: false, errors: result.errors, by: [] };
  const results = result.resultType === "single" ? [result.result] : result.results;
  const by = results.flatMap(({ analysis }) => analysis.identityAnalysis?.allowStatements ?? [])
    .map(({ explain }) => ({
      statement: Number(/^n(\d+)$/.exec(explain.identifier)?.[1] ?? assert.fail()),
      resources: [explain.resources ?? []].flat().filter(({ matches }) => matches)
        .map(({ resource }) => resource),
    }));
  return { isAllowed: result.overallResult === "Allowed", errors: null, by };
}

/** Whether it is allowed on a resource that the documents of the action do not have in this form. */
export function isAllowedAnyway(statements: Statement[], one: Asked): boolean {
  return runUnsafeSimulation(simulationOf(statements, one), {}) === "Allowed";
}

function simulationOf(
  statements: Statement[],
  { action, resource, context = {} }: Asked,
): Simulation {
  const [, , , , accountId = ""] = resource.split(":");
  return {
    request: {
      principal: `arn:aws:iam::${ACCOUNT}:role/somebody`,
      action,
      resource: { resource, accountId: accountId || ACCOUNT },
      contextVariables: context,
    },
    identityPolicies: [{ name: "policy", policy: documentOf(statements) }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
  };
}

/** A policy document, each statement named by its place. */
function documentOf(statements: Statement[]) {
  return {
    Version: "2012-10-17",
    Statement: statements.map(({ actions, resources, conditions }, n) => ({
      Sid: `n${n}`,
      Effect: "Allow",
      Action: actions,
      Resource: resources,
      ...(conditions.length === 0 ? {} : { Condition: conditionOf(conditions) }),
    })),
  };
}

function conditionOf(conditions: Condition[]): Record<string, Record<string, string[]>> {
  return Object.fromEntries(
    conditions.map(({ test, variable, values }) => [test, { [variable]: values }]),
  );
}
