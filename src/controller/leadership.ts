// Which replica writes statuses: the one that holds the Lease postern-controller.

import { createLease, type Lease } from "../kubernetes/lease.ts"
import type { ControllerParts } from "./controller.ts"

export function createLeadership(
  { client, log, options, lease: timing }: Pick<ControllerParts, "client" | "log" | "options" | "lease">,
  onChange: (leads: boolean) => void,
): Lease {
  const lease = createLease({
    client,
    namespace: options.namespace,
    name: "postern-controller",
    identity: options.identity,
    onError: (error) => log.warn({ err: error }, "the lease could not be read or renewed"),
    ...(timing === undefined ? {} : { timing }),
  })
  lease.onChange((leads) => {
    log.info({ leads }, leads ? "this replica writes statuses" : "another replica writes statuses")
    onChange(leads)
  })
  return lease
}
