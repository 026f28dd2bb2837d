#!/usr/bin/env node
// postern as a plugin of kubectl: `kubectl postern ...` runs it.

process.env.POSTERN_CALLED_AS = "kubectl postern"
await import("./postern.js")
