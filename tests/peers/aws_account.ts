/** An AWS account with what infra/ makes in it, as far as moto and harvesters need it. */

import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
} from "@aws-sdk/client-ec2";
import { CreateClusterCommand, ECSClient } from "@aws-sdk/client-ecs";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type Moto, MOTO_REGION } from "./moto.ts";

/** The settings that Terraform gives. */
export type Ini = Record<string, string>;

/** What several buckets of a moto may share. */
export interface Surroundings {
  subnet: string;
  group: string;
}

/** Makes a bucket in surroundings that are there, or in new ones; what twarc_cloud.ini says of all. */
export async function makeAccount(
  moto: Moto,
  bucket: string,
  surroundings: Promise<Surroundings> = makeSurroundings(moto),
): Promise<Ini> {
  const config = configOf(moto);
  const { subnet, group } = await surroundings;
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const CreateBucketConfiguration = { LocationConstraint: MOTO_REGION } as const;
  await s3.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration }));
  s3.destroy();
  const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
  return {
    bucket,
    subnet,
    security_group: group,
    task_role_arn: role("twarc-cloud-task"),
    task_execution_role_arn: role("twarc-cloud-execution"),
    event_role_arn: role("twarc-cloud-scheduler"),
    cluster: "twarc-cloud",
    log_group: "twarc-cloud-container",
    image: "example/twarc-cloud",
    image_tag: "latest",
    region: MOTO_REGION,
  };
}

function configOf({ url }: Moto) {
  const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
  return { region: MOTO_REGION, endpoint: url, credentials };
}

/** Makes the network, a cluster and a log group. */
export async function makeSurroundings(moto: Moto): Promise<Surroundings> {
  const config = configOf(moto);
  const ec2 = new EC2Client(config);
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const VpcId = Vpc?.VpcId;
  const EnableDnsHostnames = { Value: true };
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: "10.0.1.0/24" }));
  const group = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: "twarc-cloud", Description: "tests" }),
  );
  const ecs = new ECSClient(config);
  await ecs.send(new CreateClusterCommand({ clusterName: "twarc-cloud" }));
  const logs = new CloudWatchLogsClient(config);
  await logs.send(new CreateLogGroupCommand({ logGroupName: "twarc-cloud-container" }));
  for (const client of [ec2, ecs, logs]) client.destroy();
  return { subnet: Subnet?.SubnetId ?? "", group: group.GroupId ?? "" };
}
