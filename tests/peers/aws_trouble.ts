/** What AWS refuses, in place of what moto would answer. */

/** AWS's refusals; none unless set. */
export class AwsTrouble {
  /** What is answered to an action of ECS or of Parameter Store with an error, by the action. */
  readonly refuses = new Map<string, { type: string; message: string }>();
  /** With which error of EC2 network interfaces cannot be looked at. */
  interfaceFault: string | undefined;
  /** Whether schedules that are listed are gone when they are looked at. */
  hidesSchedules = false;
  /** What the policies of who asks allow, by the action (`ecs:RunTask`); all of it where there are none. S3 is left out. */
  allows: ((action: string) => boolean) | undefined;

  /** Ends all of it. */
  clear(): void {
    this.refuses.clear();
    this.interfaceFault = undefined;
    this.hidesSchedules = false;
    this.allows = undefined;
  }

  /** What is answered to a request; null where nothing stands against it. */
  answerTo(
    { method, url, headers: asked }: Request,
    { action = "", body }: { action?: string | undefined; body: Uint8Array | null },
  ): Response | null {
    const wanted = actionOf({ method, url, target: asked.get("x-amz-target") });
    if (wanted !== null && this.allows?.(wanted) === false) {
      const message =
        `User: arn:aws:iam::123456789012:user/twarc-cloud-user is not authorized to perform: ${wanted}`;
      const headers = { "x-amzn-errortype": "AccessDeniedException" };
      return Response.json({ __type: "AccessDeniedException", message, Message: message }, {
        status: 403,
        headers,
      });
    }
    const refusal = this.refuses.get(action);
    if (refusal) {
      return Response.json({ __type: refusal.type, message: refusal.message }, { status: 400 });
    }
    if (this.hidesSchedules && method === "GET" && /^\/schedules\/./.test(new URL(url).pathname)) {
      const headers = { "x-amzn-errortype": "ResourceNotFoundException" };
      return Response.json({ Message: "It does not exist." }, { status: 404, headers });
    }
    const isOfEc2 = body && new TextDecoder().decode(body).includes("DescribeNetworkInterfaces");
    return isOfEc2 && this.interfaceFault !== undefined ? ec2Fault(this.interfaceFault) : null;
  }
}

/** The prefixes of actions, by what the targets of requests begin with. */
const SERVICES: Record<string, string> = {
  AmazonEC2ContainerServiceV20141113: "ecs",
  AmazonSSM: "ssm",
  AWSEvents: "events",
  Logs_20140328: "logs",
};
/** What methods do to a schedule. */
const SCHEDULES: Record<string, string> = {
  GET: "Get",
  POST: "Create",
  PUT: "Update",
  DELETE: "Delete",
};

/** What a request asks to do, as policies name it; null for those that are not looked at. */
function actionOf(
  { method, url, target }: { method: string; url: string; target: string | null },
): string | null {
  const [service = "", action = ""] = (target ?? "").split(".");
  if (service in SERVICES) return `${SERVICES[service]}:${action}`;
  const [, kind = "", name] =
    /^\/(schedules|schedule-groups)(\/.+)?$/.exec(new URL(url).pathname) ??
      [];
  if (kind === "") return null;
  if (!name) return "scheduler:ListSchedules";
  return `scheduler:${SCHEDULES[method]}${kind === "schedules" ? "Schedule" : "ScheduleGroup"}`;
}

function ec2Fault(code: string): Response {
  const error = `<Error><Code>${code}</Code><Message>eni-0123456789abcdef0</Message></Error>`;
  const text = `<Response><Errors>${error}</Errors><RequestID>r</RequestID></Response>`;
  return new Response(text, { status: 400, headers: { "content-type": "text/xml" } });
}
