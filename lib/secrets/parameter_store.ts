/** Secrets in the Parameter Store of AWS Systems Manager, encrypted. */

import {
  DeleteParameterCommand,
  GetParameterCommand,
  GetParameterHistoryCommand,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { type AwsAccess, awsConfig, awsError, awsFailure } from "../base/aws.ts";
import { AccessError } from "../base/errors.ts";
import type { SecretStore } from "./secret_store.ts";

/** A secret as Parameter Store returns it. */
export interface Parameter {
  value: string;
  /** Counts its changes. */
  version: number;
  /** When it was stored, in milliseconds since 1970. */
  at: number;
}

/** The secrets of one bucket as parameters, below `/twarc-cloud/<bucket>/`. */
export class ParameterStore implements SecretStore {
  readonly #client: SSMClient;
  readonly #prefix: string;

  /** @param bucket The bucket's name, without `s3://`. */
  constructor(bucket: string, access: AwsAccess) {
    this.#client = new SSMClient(awsConfig(access));
    this.#prefix = `/twarc-cloud/${bucket}/`;
  }

  /** Returns a parameter's full name, as task definitions and policies have it. */
  nameFor(name: string): string {
    return `${this.#prefix}${name}`;
  }

  /** Returns a secret, or null where there is none. @throws UserError, OutsideError */
  async get(name: string): Promise<string | null> {
    return (await this.find(name))?.value ?? null;
  }

  /** Returns a secret with its version and time, or null where there is none. @throws UserError, OutsideError */
  async find(name: string): Promise<Parameter | null> {
    const Name = this.nameFor(name);
    try {
      const { Parameter } = await this.#client.send(
        new GetParameterCommand({ Name, WithDecryption: true }),
      );
      if (Parameter?.Value === undefined) return null;
      const { Value: value, Version: version = 0, LastModifiedDate: at } = Parameter;
      return { value, version, at: at?.getTime() ?? 0 };
    } catch (error) {
      if (awsFailure(error).code === "ParameterNotFound") return null;
      throw awsError(error, `Reading the parameter ${Name}`);
    }
  }

  /**
   * Returns who stored a version of a secret, as AWS names them; undefined where that is unknown, or may not be read.
   * @throws UserError, OutsideError
   */
  async findWriter(name: string, version: number): Promise<string | undefined> {
    const Name = this.nameFor(name);
    try {
      let NextToken: string | undefined;
      do {
        const command = new GetParameterHistoryCommand({ Name, NextToken });
        const page = await this.#client.send(command);
        const found = page.Parameters?.find(({ Version }) => Version === version);
        if (found) return found.LastModifiedUser;
        NextToken = page.NextToken;
      } while (NextToken);
      return undefined;
    } catch (error) {
      const known = awsError(error, `Reading the history of the parameter ${Name}`);
      if (known instanceof AccessError) return undefined;
      throw known;
    }
  }

  async put(name: string, value: string, when?: { ifAbsent: true }): Promise<boolean> {
    const Overwrite = when === undefined;
    const Name = this.nameFor(name);
    try {
      const command = { Name, Value: value, Type: "SecureString", Overwrite } as const;
      await this.#client.send(new PutParameterCommand(command));
      return true;
    } catch (error) {
      if (awsFailure(error).code === "ParameterAlreadyExists") return false;
      throw awsError(error, `Writing the parameter ${Name}`);
    }
  }

  /** Deletes a secret; a missing one is no error. @throws UserError, OutsideError */
  async delete(name: string): Promise<void> {
    const Name = this.nameFor(name);
    try {
      await this.#client.send(new DeleteParameterCommand({ Name }));
    } catch (error) {
      if (awsFailure(error).code === "ParameterNotFound") return;
      throw awsError(error, `Deleting the parameter ${Name}`);
    }
  }
}
