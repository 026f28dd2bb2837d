// Mistakes in policy objects. A number is never used for a second meaning; a mistake that is retired keeps it.

import type { CodeTable } from "./table.ts"

export const policyCodes = {
  unreadableCidr: {
    code: "PNP0301",
    severity: "error",
    title: "Not an address block",
    template: "{value} is not an IPv4 or IPv6 address block",
    remedy: "Write address/length, e.g. 10.0.0.0/8, 192.168.1.7/32 or 2001:db8::/32.",
  },
  ambiguousCidr: {
    code: "PNP0302",
    severity: "error",
    title: "Address block that readers understand differently",
    template: "{value} is read differently by different programs: {why}",
    remedy: "Write IPv4 without leading zeros and without the ::ffff: prefix: 10.1.1.0/24, not 010.1.1.0/24.",
  },
  legacyCidr: {
    code: "PNP0303",
    severity: "warning",
    title: "Address block read as the API server reads it",
    template: "{value} is read as {canonical}, as the API server does: {why}",
    remedy: "Write the block as it is read, so that nobody has to guess.",
  },
  hostBits: {
    code: "PNP0304",
    severity: "warning",
    title: "Address block with host bits",
    template: "{value} has bits beyond its length and is read as {canonical}",
    remedy: "Write the network address, or /32 (/128) for a single host.",
  },
  exceptOutside: {
    code: "PNP0305",
    severity: "error",
    title: "except is no strict part of cidr",
    template: "{value} is not a strict part of {cidr}",
    remedy: "An except block must lie inside its cidr and be smaller; drop it, or widen cidr.",
  },
  blockWithSelector: {
    code: "PNP0306",
    severity: "error",
    title: "ipBlock together with a selector",
    template: "ipBlock excludes podSelector and namespaceSelector in the same peer",
    remedy: "Make two list items of it: peers are alternatives.",
  },
  emptyPeer: {
    code: "PNP0307",
    severity: "error",
    title: "Peer without content",
    template: "this peer names neither podSelector nor namespaceSelector nor ipBlock",
    remedy: "For every pod of the cluster write namespaceSelector: {}; for everyone leave out the list.",
  },
  portRange: {
    code: "PNP0308",
    severity: "error",
    title: "Port out of range",
    template: "{value} is no port number: 1 to 65535",
    remedy: "Give a number from 1 to 65535, or leave the port out for every port of the protocol.",
  },
  numericPortName: {
    code: "PNP0309",
    severity: "error",
    title: "Port number in quotes",
    template: "{value} is a string, and a string is the name of a port, never its number",
    remedy: "Write the number without quotes.",
  },
  portName: {
    code: "PNP0310",
    severity: "error",
    title: "Invalid port name",
    template: "{value} is no port name: {why}",
    remedy:
      "A port name has 1 to 15 characters a-z, 0-9 and -, with at least one letter and single - inside.",
  },
  endPortAlone: {
    code: "PNP0311",
    severity: "error",
    title: "endPort without port",
    template: "endPort is the end of a range, and port, its start, is missing",
    remedy: "Add port, the first port of the range.",
  },
  endPortWithName: {
    code: "PNP0312",
    severity: "error",
    title: "endPort with a port name",
    template: "endPort cannot stand beside the port name {value}",
    remedy: "Ranges have numbers at both ends; leave endPort out or give port as a number.",
  },
  endPortBelowPort: {
    code: "PNP0313",
    severity: "error",
    title: "endPort before port",
    template: "the range from {port} to {endPort} is empty",
    remedy: "Make endPort equal to port or greater.",
  },
  ignoredRules: {
    code: "PNP0314",
    severity: "warning",
    title: "Rules for a direction that policyTypes leaves out",
    template: "policyTypes does not name {direction}: the rules of {field} do nothing",
    remedy: "Add the direction to policyTypes, or drop the rules.",
  },
  egressNotIsolated: {
    code: "PNP0315",
    severity: "warning",
    title: "Empty egress without policyTypes",
    template:
      "egress is empty and policyTypes is missing: the policy is for ingress only and denies no egress",
    remedy: "To deny egress write policyTypes: [Ingress, Egress] or [Egress].",
  },
  duplicatePolicyType: {
    code: "PNP0316",
    severity: "warning",
    title: "Policy type named twice",
    template: "{value} is named twice",
    remedy: "Name each policy type once.",
  },
  missingSubject: {
    code: "PNP0317",
    severity: "warning",
    title: "No podSelector",
    template: "podSelector is missing: the policy is for every pod of its namespace",
    remedy: "Write podSelector: {} where that is meant.",
  },
} as const satisfies CodeTable
