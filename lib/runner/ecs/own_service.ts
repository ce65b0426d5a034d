/** The service that keeps a harvester's own process running. */

import { getLogger } from "@logtape/logtape";
import type { AwsAccess } from "../../base/aws.ts";
import { errorSentence, TwarcCloudError } from "../../base/errors.ts";
import { EcsCluster } from "./client.ts";
import { EcsServices } from "./services.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** The environment variable that names it: `<cluster> <service>`, each a name or an ARN. */
export const OWN_SERVICE = "TWARC_CLOUD_SERVICE";

/**
 * Prevents the service of this process from starting another one in its place: its stream has ended by itself.
 * @param own As the environment names it; undefined where no service keeps this process.
 * @returns False where AWS does not allow it: Terraform granted no such permission before this version.
 */
export async function restOwnService(own: string | undefined, access: AwsAccess): Promise<boolean> {
  const [cluster, service] = own?.split(" ") ?? [];
  if (!cluster || !service) return true;
  try {
    await new EcsServices(new EcsCluster(cluster, access)).rest(service);
    return true;
  } catch (error) {
    if (!(error instanceof TwarcCloudError)) throw error;
    log.warn(
      "The stream has ended, but this task cannot stop its service: {problem} The task is idle, and " +
        "costs money until filter-stop ends it. Run `terraform apply` of this version, which grants the permission",
      { problem: errorSentence(error) },
    );
    return false;
  }
}
