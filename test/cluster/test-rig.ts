// A rig of a test file: its own, ended with the file, with the process, or at the next start.

import { rigBinaries } from "./rig/binaries.ts"
import { type Rig, startRig } from "./rig/rig.ts"
import { defaultSettings, type RigSettings } from "./rig/settings.ts"
import { endMachinesNow } from "./rig/state.ts"

export async function startTestRig(settings: Partial<RigSettings>): Promise<Rig> {
  const name = `test${process.pid}`
  const all = { ...defaultSettings, ...settings, name }
  const binaries = await rigBinaries(all)
  const end = (): void => endMachinesNow(name)
  process.once("exit", end)
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      end()
      process.kill(process.pid, signal)
    })
  }
  return startRig(all, { binaries, owned: true })
}
