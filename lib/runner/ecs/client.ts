/** Requests to one cluster of ECS, and the meaning of its errors. */

import type { ECSClient } from "@aws-sdk/client-ecs";
import { type AwsAccess, awsConfig, awsError, awsFailure } from "../../base/aws.ts";
import { UserError } from "../../base/errors.ts";
import { ecsFault } from "./faults.ts";

/** One cluster of ECS. Methods throw UserError and OutsideError. */
export class EcsCluster {
  /** The cluster's name or ARN, as the settings have it. */
  readonly name: string;
  /** Access to AWS. */
  readonly access: AwsAccess;
  #client: ECSClient | undefined;

  constructor(name: string, access: AwsAccess) {
    this.name = name;
    this.access = access;
  }

  /** Returns the region as the SDK found it: in the settings, the environment, or a profile. */
  async region(): Promise<string> {
    return await this.attempt("Looking for the AWS region", (client) => client.config.region());
  }

  /** Returns the cluster's ARN. */
  async arn(): Promise<string> {
    const { DescribeClustersCommand } = await import("@aws-sdk/client-ecs");
    const command = new DescribeClustersCommand({ clusters: [this.name] });
    const found = await this.attempt(
      "Looking at the cluster",
      async (client) => await client.send(command),
    );
    const arn = found.clusters?.[0]?.clusterArn;
    if (arn) return arn;
    throw this.#missing();
  }

  /** Sends requests to ECS. @param what Begins the message of a failure: `Listing tasks`. */
  async attempt<T>(what: string, act: (client: ECSClient) => Promise<T>): Promise<T> {
    const { ECSClient } = await import("@aws-sdk/client-ecs");
    this.#client ??= new ECSClient(awsConfig(this.access));
    try {
      return await act(this.#client);
    } catch (error) {
      const { code, message } = awsFailure(error);
      if (code === "ClusterNotFoundException") throw this.#missing(error);
      if (/^(InvalidParameterException|ClientException)$/.test(code)) {
        throw ecsFault(what, message, error);
      }
      throw awsError(error, what);
    }
  }

  #missing(cause?: unknown): UserError {
    return new UserError(`There is no ECS cluster ${this.name}`, {
      cause,
      hint: "Look at cluster and region in twarc_cloud.ini.",
    });
  }
}
