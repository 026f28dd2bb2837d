// The rules that other engines write for the same policies, as nft text, to be measured beside ours.
//
// Calico-like after Felix's nftables mode (projectcalico/calico, August 2026): dispatch by interface, one chain a
// policy entered by jump, acceptance by a mark bit that is looked at after every policy. Kube-router-like
// after its nftables proposal (cloudnativelabs/kube-router, August 2026): every policy chain in turn, by
// source and destination set, then the mark decides.

export interface Workload {
  readonly policies: number
  /** Local pods; the measured one is the last of them. */
  readonly pods: number
  readonly addressesPerSet: number
  readonly client: string
  readonly server: string
  readonly port: number
}

export function conntrackOnly(): string {
  return `table inet bench {
  chain forward { type filter hook forward priority 0; policy accept;
    ct state established,related accept
    ct state invalid drop
  }
}
`
}

/** The least that does the job: established accept, one dispatch by pod, one set. */
export function ideal(work: Workload): string {
  return `table inet bench {
  set peers { type ipv4_addr; elements = { ${peers(work, 0, true)} } }
  chain pod { ip saddr @peers tcp dport ${work.port} accept
    drop
  }
  chain forward { type filter hook forward priority 0; policy accept;
    ct state established,related accept
    ct state invalid drop
    ip daddr vmap { ${podAddresses(work)
      .map((address) => `${address} : jump pod`)
      .join(", ")} }
  }
}
`
}

export function calicoLike(work: Workload): string {
  const policies = range(work.policies)
  const sets = policies.map((i) => set(`cali40s-${i}`, peers(work, i, i === work.policies - 1)))
  const chains = policies.map(
    (i) => `  chain cali-pi-${i} {
    tcp dport ${work.port} ip saddr @cali40s-${i} meta mark set meta mark or 0x10000
    meta mark and 0x10000 == 0x10000 return
  }`,
  )
  const tries = policies.map(
    (i) => `    jump cali-pi-${i}
    meta mark and 0x10000 == 0x10000 return`,
  )
  const workload = (i: number, body: string) => `  chain cali-tw-${i} {
    ct state established,related accept
    ct state invalid drop
    meta mark set meta mark and 0xfffeffff
${body}
  }`
  const others = range(work.pods - 1).map((i) => workload(i, "    drop"))
  return `table inet bench {
${[...sets, ...chains, ...others].join("\n")}
${workload(work.pods - 1, `${tries.join("\n")}\n    drop`)}
  chain cali-to-wl-dispatch { ip daddr vmap { ${podAddresses(work)
    .map((address, i) => `${address} : goto cali-tw-${i}`)
    .join(", ")} }
  }
  chain cali-forward { type filter hook forward priority 0; policy accept;
    meta mark set meta mark and 0xfff1ffff
    jump cali-to-wl-dispatch
    meta mark set meta mark or 0x10000
    accept
  }
}
`
}

export function kubeRouterLike(work: Workload): string {
  const policies = range(work.policies)
  const sets = policies.flatMap((i) => [
    set(`src-${i}`, peers(work, i, i === work.policies - 1)),
    set(`dst-${i}`, work.server),
  ])
  const chains = policies.map(
    (i) => `  chain KUBE-NWPLCY-${i} {
    ip saddr @src-${i} ip daddr @dst-${i} tcp dport ${work.port} counter meta mark set meta mark or 0x10000
    meta mark and 0x10000 == 0x10000 return
  }`,
  )
  return `table inet bench {
${[...sets, ...chains].join("\n")}
  chain KUBE-POD-FW {
    ct state established,related counter accept
    ct state invalid counter drop
    fib saddr type local counter accept
${policies.map((i) => `    counter jump KUBE-NWPLCY-${i}`).join("\n")}
    meta mark and 0x10000 != 0x10000 counter drop
    counter meta mark set meta mark and 0xfffeffff
    counter meta mark set meta mark or 0x20000
  }
  chain KUBE-ROUTER-FORWARD { type filter hook forward priority 0; policy accept;
    ${podAddresses(work)
      .map((address) =>
        address === work.server
          ? `ip daddr ${address} counter jump KUBE-POD-FW`
          : `ip daddr ${address} counter drop`,
      )
      .join("\n    ")}
    meta mark and 0x20000 == 0x20000 counter accept
  }
}
`
}

/** Addresses of the node's pods; the server's is the last. */
export function podAddresses({ pods, server }: Workload): readonly string[] {
  return [...range(pods - 1).map((i) => `10.2.1.${i + 1}`), server]
}

/** Members of policy `i`'s peer set; the client is in the last one only. */
function peers({ addressesPerSet, client }: Workload, i: number, withClient: boolean): string {
  const bucket = i % 10
  const addresses = range(addressesPerSet).map((n) => `10.${100 + bucket}.${n >> 8}.${n & 255}`)
  return [...addresses, ...(withClient ? [client] : [])].join(", ")
}

function set(name: string, elements: string): string {
  return `  set ${name} { type ipv4_addr; elements = { ${elements} } }`
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i)
}
