// The log: one JSON object a line on standard output, as node log collectors read it. The one file that knows pino.

import { type DestinationStream, type Logger, pino } from "pino"
import { codeOf, isFault } from "./fault.ts"

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/**
 * Facts beside the message, under names that can be searched for. `err` takes an error: a fault of ours is written with
 * stack and causes, one of the surroundings, which has a code, without.
 */
export type LogFields = Readonly<Record<string, unknown>>

export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** Says the same fields with every message. */
  child(fields: LogFields): Log
}

export interface LogOptions {
  readonly level: LogLevel
  /** Of the program: controller, agent. */
  readonly name: string
  /** Standard output by default. */
  readonly stream?: { write(text: string): void }
}

export function createLog({ level, name, stream }: LogOptions): Log {
  const options = {
    level,
    name,
    // Without pid and host name: the collector knows the pod.
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: serialized },
  }
  // Written at once: the last words of a process that dies are the ones that matter.
  const destination: DestinationStream = stream ?? pino.destination({ fd: 1, sync: true })
  return logOf(pino(options, destination))
}

/** Where the API server is away, a stack beside each line hides what is wrong. */
function serialized(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  return isFault(error)
    ? pino.stdSerializers.err(error)
    : { type: error.name, code: codeOf(error), message: error.message }
}

function logOf(logger: Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => logOf(logger.child(fields)),
  }
}
