/** Secrets in the Parameter Store of AWS Systems Manager, encrypted. */

import {
  DeleteParameterCommand,
  GetParameterCommand,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { type AwsAccess, awsConfig, awsError, awsFailure } from "../aws.ts";

/** The parameters of one bucket, below `/twarc-cloud/<bucket>/`. */
export class Parameters {
  readonly #client: SSMClient;
  readonly #prefix: string;

  /** @param bucket The bucket's name, without `s3://`. */
  constructor(bucket: string, access: AwsAccess) {
    this.#client = new SSMClient(awsConfig(access));
    this.#prefix = `/twarc-cloud/${bucket}/`;
  }

  /** A parameter's full name, as task definitions and policies have it. */
  nameOf(name: string): string {
    return `${this.#prefix}${name}`;
  }

  /** A secret, or null where there is none. @throws UserError, OutsideError */
  async get(name: string): Promise<string | null> {
    const Name = this.nameOf(name);
    try {
      const found = await this.#client.send(
        new GetParameterCommand({ Name, WithDecryption: true }),
      );
      return found.Parameter?.Value ?? null;
    } catch (error) {
      if (awsFailure(error).code === "ParameterNotFound") return null;
      throw awsError(error, `Reading the parameter ${Name}`);
    }
  }

  /** Writes a secret, in place of an older one. @throws UserError, OutsideError */
  async put(name: string, value: string): Promise<void> {
    const Name = this.nameOf(name);
    try {
      await this.#client.send(
        new PutParameterCommand({ Name, Value: value, Type: "SecureString", Overwrite: true }),
      );
    } catch (error) {
      throw awsError(error, `Writing the parameter ${Name}`);
    }
  }

  /** Deletes a secret; one that is not there is no error. @throws UserError, OutsideError */
  async delete(name: string): Promise<void> {
    const Name = this.nameOf(name);
    try {
      await this.#client.send(new DeleteParameterCommand({ Name }));
    } catch (error) {
      if (awsFailure(error).code === "ParameterNotFound") return;
      throw awsError(error, `Deleting the parameter ${Name}`);
    }
  }
}
