#!/usr/bin/env node
// What kubectl 1.26 and newer runs to complete the words of `kubectl postern ...`.

process.env.POSTERN_CALLED_AS = "kubectl postern"
process.argv.splice(2, 0, "__complete")
await import("./postern.js")
