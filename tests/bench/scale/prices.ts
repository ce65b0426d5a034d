/** What a task and its writes cost on AWS, by the prices that the program itself says. */

import { AWS_PRICES } from "../../../lib/cli/aws_cost.ts";

/** A task's processor. */
export type Processor = keyof typeof AWS_PRICES.fargate;

/** The part of Fargate's price that Spot costs: "up to 70 % less", and that for ARM as for x86. */
export const SPOT = 0.3;

/** Dollars of an hour of a task, its public address apart. @param vcpu Of 2 GB each */
export function taskHour(processor: Processor, vcpu: number): number {
  const { cpu, memory } = AWS_PRICES.fargate[processor];
  return vcpu * (cpu + 2 * memory);
}
