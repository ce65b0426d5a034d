/** What AWS refuses, in place of what moto would answer. */

/** AWS's refusals; none unless set. */
export class AwsTrouble {
  /** What is answered to an action of ECS or of Parameter Store with an error, by the action. */
  readonly refuses = new Map<string, { type: string; message: string }>();
  /** With which error of EC2 network interfaces cannot be looked at. */
  interfaceFault: string | undefined;
  /** Whether schedules that are listed are gone when they are looked at. */
  hidesSchedules = false;

  /** Ends all of it. */
  clear(): void {
    this.refuses.clear();
    this.interfaceFault = undefined;
    this.hidesSchedules = false;
  }

  /** What is answered to a request; null where nothing stands against it. */
  answerTo(
    { method, url }: Request,
    { action = "", body }: { action?: string | undefined; body: Uint8Array | null },
  ): Response | null {
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

function ec2Fault(code: string): Response {
  const error = `<Error><Code>${code}</Code><Message>eni-0123456789abcdef0</Message></Error>`;
  const text = `<Response><Errors>${error}</Errors><RequestID>r</RequestID></Response>`;
  return new Response(text, { status: 400, headers: { "content-type": "text/xml" } });
}
