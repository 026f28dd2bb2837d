// The explain API of a replica, with all that it needs: whom to believe, where the other replicas are, the reports.

import type { TlsMaterial } from "../../src/controller/certificates.ts"
import { watchReplicas } from "../../src/controller/object-watch.ts"
import type { AccessReviews } from "../../src/kubernetes/access-review.ts"
import type { KubernetesClient } from "../../src/kubernetes/client.ts"
import type { ListenAddress } from "../../src/kubernetes/replica-options.ts"
import type { WatchEvent } from "../../src/kubernetes/watch-event.ts"
import type { Log } from "../../src/telemetry/log.ts"
import type { ClusterFollower } from "../cluster-view.ts"
import { createReplicaReports, serveReports } from "../replica-reports.ts"
import { createReportStore, type ReportStore } from "../reports.ts"
import type { TlsListener } from "../tls-listener.ts"
import type { Turns } from "../turns.ts"
import { type Answered, createExplainApi, type ExplainApi } from "./api-server.ts"
import { type FrontProxy, watchFrontProxy } from "./front-proxy.ts"
import { apiResources } from "./resources.ts"

export interface ExplainPartOptions {
  readonly client: KubernetesClient
  readonly namespace: string
  /** Of the replicas: who serves, and by which name its certificate is checked. */
  readonly service: string
  /** Undefined for no API; reports are kept all the same. */
  readonly listen: ListenAddress | undefined
  readonly cluster: Pick<ClusterFollower, "model" | "world" | "missing">
  readonly reviews: AccessReviews
  readonly turns: Turns
  /** Milliseconds of the event loop for one question. */
  readonly workMs?: number | undefined
  readonly log: Log
  readonly onEvent: (event: WatchEvent) => void
  readonly onAnswer?: (answered: Answered) => void
}

export interface ExplainPart {
  readonly reports: ReportStore
  /** Of the API, once it is served. */
  readonly port: number | undefined
  /** The first, and whenever it changes. */
  setMaterial(material: TlsMaterial): void
  /** Other replicas ask for reports where reviews are answered. */
  shareReports(app: TlsListener): void
  /** The API is served as soon as it is known whom to believe. */
  start(): void
  stop(): Promise<void>
}

export function createExplainPart(options: ExplainPartOptions): ExplainPart {
  const { client, namespace, service, listen, log, onEvent } = options
  const replicas = createReplicaReports({
    serverName: service,
    onError: (error) => log.debug({ err: error }, "another replica could not be asked for a report"),
  })
  const reports = createReportStore({ elsewhere: (key) => replicas.find(key) })
  const peers = watchReplicas({ client, namespace, onEvent, service, portName: "admission" }, (addresses) =>
    replicas.setPeers(addresses),
  )
  let frontProxy: FrontProxy | undefined
  let material: TlsMaterial | undefined
  let api: ExplainApi | undefined
  let port: number | undefined
  let isStopping = false
  const believed = watchFrontProxy({
    client,
    onEvent,
    onFrontProxy: (told) => {
      frontProxy = told
      api?.setFrontProxy(told)
    },
  })
  const serve = async ({ host, port: wanted }: ListenAddress): Promise<void> => {
    await believed.synced
    if (isStopping || material === undefined) return
    api = createApi(options, reports, material)
    api.setFrontProxy(frontProxy)
    port = await api.listen(host, wanted)
    log.info({ port }, "the explain API answers")
  }
  return {
    reports,
    get port() {
      return port
    },
    setMaterial: (changed) => {
      material = changed
      replicas.setMaterial(changed.serving.key, changed.bundle)
      api?.setCertificate(changed.serving)
    },
    shareReports: (app) => serveReports(app, reports, replicas),
    start: () => {
      peers.start()
      if (listen === undefined) return
      believed.start()
      void serve(listen)
    },
    stop: async () => {
      isStopping = true
      await api?.close()
      await Promise.all([believed.stop(), peers.stop(), replicas.close()])
    },
  }
}

function createApi(options: ExplainPartOptions, reports: ReportStore, { serving }: TlsMaterial): ExplainApi {
  const { cluster, reviews, turns, workMs, log, onAnswer } = options
  return createExplainApi({
    certificate: serving,
    reviews,
    resources: apiResources({
      world: cluster.world.world,
      view: cluster.model,
      reviews,
      turns,
      reports,
      problem: () => cluster.missing(),
      ...(workMs === undefined ? {} : { workMs }),
    }),
    onError: (error) => log.error({ err: error }, "a question was not answered, by a fault"),
    ...(onAnswer === undefined ? {} : { onAnswer }),
  })
}
