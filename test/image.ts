// The image's root file system as a directory, and programs run in it as a container runtime would: own network, own
// processes, own /dev, nothing of the host's environment.

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Image } from "../scripts/image/archive.ts"
import { writeDirectory } from "../scripts/image/write-directory.ts"
import { type CommandResult, tryCommand } from "../src/lab/command.ts"

export interface UnpackedImage {
  readonly directory: string
  /** As root, with these capabilities alone. */
  run(command: readonly string[], capabilities?: readonly string[]): Promise<CommandResult>
  remove(): void
}

export function unpack(image: Image): UnpackedImage {
  const directory = mkdtempSync(join(tmpdir(), "postern-image-"))
  writeDirectory(image, directory)
  const environment = Object.entries(image.environment).map(([name, value]) => `${name}=${value}`)
  return {
    directory,
    run: (command, capabilities = []) => {
      // chroot itself takes one capability more, with which nothing below can do anything.
      const held = [...capabilities, "sys_chroot"].map((name) => `,+${name}`).join("")
      const privileges = ["setpriv", "--no-new-privs", `--bounding-set=-all${held}`]
      return tryCommand([
        ...enter(directory),
        ...privileges,
        "env",
        "-i",
        ...environment,
        "/usr/sbin/chroot",
        directory,
        ...command,
      ])
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

const DEVICES = ["null", "zero", "random", "urandom"]

function enter(directory: string): readonly string[] {
  const mounts = [
    `mount -t tmpfs none ${directory}/dev`,
    ...DEVICES.map(
      (name) => `touch ${directory}/dev/${name} && mount --bind /dev/${name} ${directory}/dev/${name}`,
    ),
    `ln -s /proc/self/fd/0 ${directory}/dev/stdin`,
    'exec "$@"',
  ].join(" && ")
  const namespaces = [
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    `--mount-proc=${directory}/proc`,
  ]
  return [...namespaces, "sh", "-c", mounts, "sh"]
}
